import pytest

from twistedmq.filter.sql import operands
from twistedmq.filter.sql.errors import SqlError
from twistedmq.filter.sql.operands import constant, find, named
from twistedmq.filter.sql.values import Long


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"\x02a\x011\x02", "1"),
        (b"\x02a\x011", "1"),
        (b"\x02a\x011\x02a\x012\x02", "2"),
        (b"\x02a\x011\x02a\x01\x02", "1"),
        (b"\x02a\x01\x02", None),
        (b"\x02xa\x011\x02", None),
        (b"\x02a\x01b\x01c\x02", "b\x01c"),
        (b"\x02a\x01\xff\x02", "\ufffd"),
        (b"\x02", None),
    ],
)
def test_a_property_is_found_as_upstream_finds_it(
    data: bytes, value: str | None
) -> None:
    assert find(data, b"\x02a\x01") == value


def test_numbers_have_the_types_and_ranges_of_java() -> None:
    assert type(operands.integer("2147483647", 0).value) is int
    assert type(operands.integer("2147483648", 0).value) is Long
    assert type(operands.integer("5L", 0).value) is int
    with pytest.raises(SqlError, match="more than 9223372036854775807"):
        operands.integer("9223372036854775808", 0)
    assert operands.double("4.9E-324", 0).value == 5e-324
    for text in ("0.0", "1e-400", "1e400"):
        with pytest.raises(SqlError, match=text):
            operands.double(text, 0)


def test_only_numbers_have_a_negative() -> None:
    minus = operands.negated(operands.negated(constant(Long(2**40)), 0), 0)
    assert minus.evaluate(b"\x02") == 2**40
    assert isinstance(minus.evaluate(b"\x02"), Long)
    for part in (constant("x"), constant(True), named("a")):
        assert operands.negated(part, 0).evaluate(b"\x02a\x015\x02") is None


def test_a_property_alone_is_false_and_unknown_where_it_is_not_there() -> None:
    there = operands.as_condition(named("a"), 0).evaluate
    assert there(b"\x02a\x01true\x02") is False
    assert there(b"\x02") is None
    assert operands.negation(named("a"), 0).evaluate(b"\x02a\x01x\x02") is True


@pytest.mark.parametrize("left", [True, False, None])
@pytest.mark.parametrize("right", [True, False, None])
def test_three_valued_logic(left: bool | None, right: bool | None) -> None:
    both = operands.joined("AND", constant(left), constant(right), 0).evaluate(b"")
    either = operands.joined("OR", constant(left), constant(right), 0).evaluate(b"")
    unknown = left is None or right is None
    if left is False or right is False:
        assert both is False
    else:
        assert both is (None if unknown else True)
    if left is True or right is True:
        assert either is True
    else:
        assert either is (None if unknown else False)
