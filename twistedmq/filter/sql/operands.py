"""The parts of an expression: each knows what may be done with it, and its closure.

What is refused follows upstream's ComparisonExpression, also where it refuses little:
``-a``, the negative of a text, is nothing, and comparisons with it are never true.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from twistedmq.filter.sql import values
from twistedmq.filter.sql.errors import SqlError
from twistedmq.filter.sql.values import Long, Value

Evaluate = Callable[[bytes], Value]
"""Gives the value for the properties of one message, which begin with byte 02."""

MOST_NESTING: Final = 100
"""How deep parentheses, NOT and the like may be nested; AND and OR do not count."""


class Operand(Struct, frozen=True):
    """A part of an expression."""

    evaluate: Evaluate
    depth: int = 0
    is_boolean: bool = False
    """Whether it gives true, false or nothing, whatever the message."""


class Constant(Operand, frozen=True):
    """A literal; its value is known before any message."""

    value: Value = None


class Negated(Operand, frozen=True):
    """The negative of a literal: known as well, but not checked like one."""

    value: Value = None


class Property(Operand, frozen=True):
    """A property of the message, by name."""

    name: str = ""
    key: bytes = b""
    """What stands before its value among encoded properties."""


class Joined(Operand, frozen=True):
    """Conditions joined by AND, or by OR: as many as were written, in one closure."""

    symbol: str = ""
    parts: tuple[Evaluate, ...] = ()


def constant(value: Value) -> Constant:
    """Make a literal; true, false and null are conditions too."""
    is_boolean = value is None or isinstance(value, bool)
    return Constant(lambda _: value, is_boolean=is_boolean, value=value)


def named(name: str) -> Property:
    """Make a property; where it is given twice the last one counts, as upstream."""
    key = b"\x02" + name.encode() + b"\x01"

    def evaluate(data: bytes) -> Value:
        return find(data, key)

    return Property(evaluate, name=name, key=key)


def find(data: bytes, key: bytes) -> str | None:
    """Give the value behind *key*; an empty one counts as not there, as upstream."""
    at = data.rfind(key)
    while at >= 0:
        start = at + len(key)
        end = data.find(b"\x02", start)
        value = data[start:] if end < 0 else data[start:end]
        if value:
            return value.decode("utf-8", "replace")
        at = data.rfind(key, 0, at)
    return None


def integer(text: str, at: int) -> Constant:
    """Make a whole number; what fits into 32 bits is a Java Integer."""
    digits = text.rstrip("lL")
    if len(digits) > len(str(values.LONG_MAX)) or int(digits) > values.LONG_MAX:
        raise SqlError(f"{text} is more than {values.LONG_MAX}", at)
    number = int(digits)
    return constant(number if number <= values.INTEGER_MAX else Long(number))


def double(text: str, at: int) -> Constant:
    """Make a number with a point or an exponent; 0.0 is refused, as upstream."""
    number = float(text)
    if number == float("inf"):
        raise SqlError(f"{text} is more than 1.7976931348623157E308", at)
    if number < values.LEAST_DOUBLE:
        raise SqlError(f"{text} is less than 4.9E-324", at)
    return constant(number)


def negated(part: Operand, at: int) -> Operand:
    """Make the negative of a number; of anything else it is nothing."""
    value = part.value if isinstance(part, Constant | Negated) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        negative: Value = None
    else:
        negative = Long(-value) if isinstance(value, Long) else -value
    evaluate = part.evaluate
    if isinstance(part, Constant | Negated | Property):
        return Negated(lambda _: negative, deeper(at, part), value=negative)

    def of_condition(data: bytes) -> Value:
        evaluate(data)  # it may be undecided, and then so is this
        return None

    return Negated(of_condition, deeper(at, part))


def as_condition(part: Operand, at: int) -> Operand:
    """Take *part* for true or false: a property that is there is false, as upstream."""
    if part.is_boolean:
        return part
    if not isinstance(part, Property):
        raise SqlError("expected a condition, which is true or false", at)
    key = part.key
    return Operand(
        lambda data: None if find(data, key) is None else False,
        part.depth,
        is_boolean=True,
    )


def negation(part: Operand, at: int) -> Operand:
    """Make NOT *part*."""
    evaluate = as_condition(part, at).evaluate

    def inverted(data: bytes) -> Value:
        value = evaluate(data)
        return None if value is None else not value

    return Operand(inverted, deeper(at, part), is_boolean=True)


def joined(symbol: str, left: Operand, right: Operand, at: int) -> Operand:
    """Make *left* AND, or OR, *right*."""
    left, right = as_condition(left, at), as_condition(right, at)
    if isinstance(left, Joined) and left.symbol == symbol:
        parts, depth = (*left.parts, right.evaluate), max(left.depth, right.depth + 1)
    else:
        parts, depth = (left.evaluate, right.evaluate), deeper(at, left, right)
    whole = _all if symbol == "AND" else _any
    return Joined(
        whole(parts), _checked(depth, at), is_boolean=True, symbol=symbol, parts=parts
    )


def _all(parts: tuple[Evaluate, ...]) -> Evaluate:
    def evaluate(data: bytes) -> Value:
        result: Value = True
        for part in parts:
            value = part(data)
            if value is False:
                return False
            if value is None:
                result = None
        return result

    return evaluate


def _any(parts: tuple[Evaluate, ...]) -> Evaluate:
    def evaluate(data: bytes) -> Value:
        result: Value = False
        for part in parts:
            value = part(data)
            if value is True:
                return True
            if value is None:
                result = None
        return result

    return evaluate


def deeper(at: int, *parts: Operand) -> int:
    """Give the nesting of what is made of *parts*.

    Raises:
        SqlError: it is more than MOST_NESTING.
    """
    return _checked(1 + max(part.depth for part in parts), at)


def _checked(depth: int, at: int) -> int:
    if depth > MOST_NESTING:
        raise SqlError(f"nested deeper than {MOST_NESTING}", at)
    return depth
