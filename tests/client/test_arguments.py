import pytest

from twistedmq.client.arguments import LONGEST_S, check_range, check_some, to_ms
from twistedmq.client.errors import ArgumentError


def test_what_is_in_the_range_passes() -> None:
    check_range("count", 1, 1, 32)
    check_range("count", 32, 1, 32)
    check_range("offset", 10**18, 0)


@pytest.mark.parametrize(
    ("value", "most", "limit"),
    [(0, 32, "1 to 32"), (33, 32, "1 to 32"), (0, None, "at least 1")],
)
def test_an_error_names_argument_value_and_limit(
    value: int, most: int | None, limit: str
) -> None:
    with pytest.raises(ArgumentError) as caught:
        check_range("count", value, 1, most)
    error = caught.value
    assert (error.field, error.value, error.limit) == ("count", value, limit)
    assert str(error) == f"count is {value}, not {limit}"


def test_no_number_is_in_no_range() -> None:
    with pytest.raises(ArgumentError):
        check_range("wait_s", float("nan"), 0)
    with pytest.raises(ArgumentError):
        to_ms("wait_s", float("nan"))


def test_seconds_become_whole_ms() -> None:
    assert to_ms("wait_s", 1.5) == 1500
    assert to_ms("wait_s", 0) == 0
    with pytest.raises(ArgumentError, match="wait_s is -1, not 0 to "):
        to_ms("wait_s", -1)
    with pytest.raises(ArgumentError):
        to_ms("wait_s", LONGEST_S + 1)


def test_nothing_at_all_is_refused() -> None:
    check_some("queues", [1])
    with pytest.raises(ArgumentError, match="not at least one"):
        check_some("queues", [])


@pytest.mark.parametrize("value", ["3", None, b"3"])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(ArgumentError, match="not a number, at least 1"):
        check_range("count", value, 1)  # type: ignore[arg-type]


def test_large_limits_are_told_to_the_last_digit() -> None:
    with pytest.raises(ArgumentError, match=r"not 0 to 2147483\.647"):
        check_range("wait_s", -1, 0, LONGEST_S)
