import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.broker.send.retry_delay import policy_delay_ms, retry_level
from twistedmq.config.store import StoreConfig
from twistedmq.protocol.bodies import (
    CustomizedRetryPolicy,
    ExponentialRetryPolicy,
    GroupRetryPolicy,
    GroupRetryPolicyType,
)
from twistedmq.store.delay_levels import DelayLevels

LEVELS = DelayLevels(StoreConfig().delay_levels)
EXPONENTIAL = GroupRetryPolicyType.EXPONENTIAL


def growing(**fields: int) -> GroupRetryPolicy:
    own = ExponentialRetryPolicy(**fields)
    return GroupRetryPolicy(type=EXPONENTIAL, exponential_retry_policy=own)


def listed(*delays_ms: int) -> GroupRetryPolicy:
    own = CustomizedRetryPolicy(next=list(delays_ms))
    return GroupRetryPolicy(customized_retry_policy=own)


@pytest.mark.parametrize(
    "policy", [GroupRetryPolicy(), GroupRetryPolicy(type=EXPONENTIAL), listed()]
)
def test_without_a_policy_each_try_waits_one_level_more(
    policy: GroupRetryPolicy,
) -> None:
    assert policy_delay_ms(policy, 0) is None
    assert [retry_level(policy, tried, LEVELS) for tried in (0, 1, 15, 40)] == [
        3, 4, 18, 43,
    ]  # fmt: skip


def test_an_exponential_policy_grows_up_to_its_most() -> None:
    policy = growing(initial=5000, max=7_200_000, multiplier=2)
    delays = [policy_delay_ms(policy, tried) for tried in (-1, 0, 1, 3, 11, 99)]
    assert delays == [5000, 5000, 10_000, 40_000, 7_200_000, 7_200_000]
    assert [retry_level(policy, tried, LEVELS) for tried in (0, 1, 3, 99)] == [
        2, 3, 5, 18,
    ]  # fmt: skip


def test_a_list_is_read_from_its_third_delay_on() -> None:
    policy = listed(1000, 5000, 10_000, 60_000)
    assert [policy_delay_ms(policy, tried) for tried in (0, 1, 2)] == [
        10_000, 60_000, 60_000,
    ]  # fmt: skip
    assert retry_level(policy, 0, LEVELS) == 3
    assert policy_delay_ms(listed(1000), 0) == 1000


@pytest.mark.parametrize("policy", [listed(-5), growing(initial=-1, multiplier=-3)])
def test_an_odd_policy_means_the_first_level(policy: GroupRetryPolicy) -> None:
    assert retry_level(policy, 0, LEVELS) == 1


@given(st.integers(0, 8_000_000), st.lists(st.integers(1, 99), min_size=1, max_size=9))
def test_no_level_is_too_short_unless_it_is_the_last(
    wanted_ms: int, seconds: list[int]
) -> None:
    levels = DelayLevels(" ".join(f"{s}s" for s in seconds))
    level = retry_level(listed(wanted_ms), 0, levels)
    assert 1 <= level <= levels.highest
    if wanted_ms <= max(levels.delays_ms):
        assert levels.delay_ms(level) >= wanted_ms
