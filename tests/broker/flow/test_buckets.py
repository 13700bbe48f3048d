from hypothesis import given
from hypothesis import strategies as st

from twistedmq.broker.flow.buckets import BURST_S, Bucket


def test_who_was_quiet_may_send_a_seconds_worth_at_once() -> None:
    bucket = Bucket(0.0, 10)
    for _ in range(10):
        assert bucket.wait_s(0.0, 10) == 0
        bucket.take(1)
    assert abs(bucket.wait_s(0.0, 10) - 0.1) < 1e-9
    assert bucket.wait_s(0.1, 10) == 0


def test_a_large_batch_is_paid_for_afterwards() -> None:
    bucket = Bucket(0.0, 10)
    bucket.take(1000)
    assert bucket.wait_s(98.0, 10) > 0
    assert bucket.wait_s(99.5, 10) == 0


def test_it_holds_no_more_than_it_may() -> None:
    bucket = Bucket(0.0, 10)
    assert bucket.wait_s(10**6, 10) == 0
    bucket.take(10 * BURST_S)
    assert bucket.wait_s(10**6, 10) > 0


def test_another_rate_holds_at_once() -> None:
    bucket = Bucket(0.0, 1000)
    assert bucket.wait_s(0.0, 2) == 0
    bucket.take(2)
    assert bucket.wait_s(0.0, 2) > 0


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    bucket = Bucket(100.0, 10)
    bucket.take(10)
    assert bucket.wait_s(50.0, 10) > 0


@given(
    st.integers(1, 1000),
    st.lists(st.tuples(st.floats(0, 2), st.integers(1, 50)), max_size=60),
)
def test_the_rate_holds_whatever_is_taken(
    rate: int, steps: list[tuple[float, int]]
) -> None:
    bucket, now_s, taken, last = Bucket(0.0, rate), 0.0, 0, 0
    for wait_s, amount in steps:
        now_s += wait_s
        if bucket.wait_s(now_s, rate) == 0:
            bucket.take(amount)
            taken, last = taken + amount, amount
    assert taken <= rate * (now_s + BURST_S) + last + 1e-6
