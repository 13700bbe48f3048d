import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.filter.sql.errors import UndecidedError
from twistedmq.filter.sql.values import (
    LONG_MAX,
    Long,
    compare,
    compare_doubles,
    to_boolean,
    to_double,
    to_integer,
    to_long,
)

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", 7), ("+7", 7), ("-0", 0), ("007", 7), ("\u0661", 1), ("0" * 60 + "5", 5)],
)
def test_whole_numbers_are_read_as_java_reads_them(text: str, number: int) -> None:
    assert to_integer(text) == to_long(text) == number


@pytest.mark.parametrize(
    "text", ["", "+", " 1", "1 ", "1.0", "1_0", "0x1", "1L", "\U0001d7d9", "9" * 5000]
)
def test_what_is_no_whole_number_is_undecided(text: str) -> None:
    for read in (to_integer, to_long):
        with pytest.raises(UndecidedError):
            read(text)


def test_each_type_has_its_range() -> None:
    assert to_integer("-2147483648") == -(2**31)
    assert to_long("9223372036854775807") == LONG_MAX
    for read, text in ((to_integer, "2147483648"), (to_long, "-9223372036854775809")):
        with pytest.raises(UndecidedError, match="is not between"):
            read(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [("1.5", 1.5), (" 2\n", 2.0), (".5f", 0.5), ("1.D", 1.0), ("1e400", INF),
     ("-Infinity", -INF), ("0x1p3", 8.0), ("0X.8P-1d", 0.25), ("-0x1p9999", -INF)],
)  # fmt: skip
def test_doubles_are_read_as_java_reads_them(text: str, number: float) -> None:
    assert to_double(text) == number


@pytest.mark.parametrize(
    "text", ["", "inf", "nan", "NaNf", "1_0", "0x1", "1e", ".", "\u0661", "1ff"]
)
def test_what_is_no_double_is_undecided(text: str) -> None:
    with pytest.raises(UndecidedError):
        to_double(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_is_read_back(number: float) -> None:
    assert to_double(repr(number)) == number


def test_nan_is_above_all_and_minus_zero_below_zero() -> None:
    assert compare_doubles(NAN, INF) == 1
    assert compare_doubles(NAN, NAN) == 0
    assert compare_doubles(-0.0, 0.0) == -1
    assert compare_doubles(1.0, 1.0) == 0


def test_a_text_is_read_as_the_type_it_is_compared_with() -> None:
    assert compare("2", 1) == 1
    assert compare(Long(3), "3") == 0
    assert compare("1.5", 1.5) == 0
    with pytest.raises(UndecidedError):
        compare("1.5", 1)
    with pytest.raises(UndecidedError):
        compare("3000000000", 1)
    assert compare("3000000000", Long(1)) == 1


def test_conditions_are_like_themselves_only() -> None:
    assert compare(True, True) == 0
    assert compare("TRUE", True) == 0
    assert compare(True, 1) == compare(1, True) == -1
    assert to_boolean("yes") is False
    with pytest.raises(UndecidedError):
        compare(True, "true")
