"""Comparisons and tests of an expression, each with what upstream refuses of it.

Most compare a property with a literal: for those there are closures of their own.
"""

import operator
from collections.abc import Callable
from typing import Final

from twistedmq.filter.sql.errors import SqlError, UndecidedError
from twistedmq.filter.sql.operands import (
    Constant,
    Evaluate,
    Negated,
    Operand,
    Property,
    constant,
    deeper,
    find,
    joined,
    negation,
)
from twistedmq.filter.sql.values import (
    Value,
    compare,
    compare_doubles,
    reader_for,
    to_double,
)

Outcome = Callable[[int, int], bool]

ORDERINGS: Final[dict[str, Outcome]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
"""How the outcome of a comparison stands to 0, for each operator."""

TEXT_TESTS: Final[dict[str, Callable[[str, str], bool]]] = {
    "CONTAINS": operator.contains,
    "STARTSWITH": str.startswith,
    "ENDSWITH": str.endswith,
}


def ordering(symbol: str, left: Operand, right: Operand, at: int) -> Operand:
    """Make *left* < *right* and the like."""
    for part in (left, right):
        if isinstance(part, Constant) and not _is_number(part.value):
            raise SqlError(f"{symbol} compares numbers, not {_shown(part)}", at)
        if part.is_boolean:
            raise SqlError(f"{symbol} compares numbers, not conditions", at)
    evaluate = _ordering(ORDERINGS[symbol], left, right)
    return Operand(evaluate, deeper(at, left, right), is_boolean=True)


def _ordering(holds: Outcome, left: Operand, right: Operand) -> Evaluate:
    number = right.value if isinstance(right, Constant | Negated) else None
    if isinstance(left, Property) and isinstance(number, int | float):
        return _ordering_with(holds, left.key, number)
    left_of, right_of = left.evaluate, right.evaluate

    def evaluate(data: bytes) -> Value:
        a = left_of(data)
        if a is None:
            return None
        b = right_of(data)
        if b is None:
            return None
        if isinstance(a, str) and isinstance(b, str):
            return holds(compare_doubles(to_double(a), to_double(b)), 0)
        return holds(compare(a, b), 0)

    return evaluate


def _ordering_with(holds: Outcome, key: bytes, number: float) -> Evaluate:
    read = reader_for(number)
    if isinstance(number, float):

        def of_double(data: bytes) -> Value:
            text = find(data, key)
            if text is None:
                return None
            return holds(compare_doubles(read(text), number), 0)

        return of_double

    def of_whole(data: bytes) -> Value:
        text = find(data, key)
        return None if text is None else holds(read(text), number)

    return of_whole


def equality(left: Operand, right: Operand, at: int) -> Operand:
    """Make *left* = *right*."""
    for part in (left, right):
        if isinstance(part, Constant) and part.value is None:
            raise SqlError("nothing is equal to NULL; write IS NULL", at)
    if (
        isinstance(left, Constant)
        and isinstance(right, Constant)
        and left.is_boolean
        and not right.is_boolean
    ):
        raise SqlError(f"{_shown(left)} cannot be compared with {_shown(right)}", at)
    return _equality(left, right, at)


def inequality(left: Operand, right: Operand, at: int) -> Operand:
    """Make *left* <> *right*."""
    return negation(equality(left, right, at), at)


def is_null(left: Operand, at: int) -> Operand:
    """Make *left* IS NULL."""
    return _equality(left, constant(None), at)


def is_not_null(left: Operand, at: int) -> Operand:
    """Make *left* IS NOT NULL."""
    return negation(is_null(left, at), at)


def _equality(left: Operand, right: Operand, at: int) -> Operand:
    value = right.value if isinstance(right, Constant) else None
    if isinstance(left, Property) and isinstance(value, str):
        evaluate = _is_text(left.key, value)
    else:
        evaluate = _is_equal(left.evaluate, right.evaluate)
    return Operand(evaluate, deeper(at, left, right), is_boolean=True)


def _is_text(key: bytes, text: str) -> Evaluate:
    def evaluate(data: bytes) -> Value:
        value = find(data, key)
        return None if value is None else value == text

    return evaluate


def _is_equal(left_of: Evaluate, right_of: Evaluate) -> Evaluate:
    def evaluate(data: bytes) -> Value:
        left, right = left_of(data), right_of(data)
        if left is None:
            return True if right is None else None
        # upstream is lopsided here: not equal, where the other way round is unknown
        return False if right is None else compare(left, right) == 0

    return evaluate


def between(value: Operand, low: Operand, high: Operand, at: int) -> Operand:
    """Make *value* BETWEEN *low* AND *high*."""
    if isinstance(low, Constant) and isinstance(high, Constant):
        _check_bounds(low, high, at)
    return joined(
        "AND", ordering(">=", value, low, at), ordering("<=", value, high, at), at
    )


def not_between(value: Operand, low: Operand, high: Operand, at: int) -> Operand:
    """Make *value* NOT BETWEEN *low* AND *high*."""
    return joined(
        "OR", ordering("<", value, low, at), ordering(">", value, high, at), at
    )


def _check_bounds(low: Constant, high: Constant, at: int) -> None:
    if low.value is None or high.value is None:
        raise SqlError("BETWEEN has no bound NULL", at)
    try:
        in_order = compare(high.value, low.value) >= 0
    except UndecidedError:
        in_order = False
    if not in_order:
        raise SqlError(
            f"BETWEEN begins with the lower bound, not {_shown(low)} and then "
            f"{_shown(high)}",
            at,
        )


def membership(left: Operand, texts: list[str], at: int, *, wanted: bool) -> Operand:
    """Make *left* IN (*texts*), or NOT IN if not *wanted*."""
    if not isinstance(left, Property):
        raise SqlError("expected a property before IN", at)
    key, members = left.key, frozenset(texts)

    def evaluate(data: bytes) -> Value:
        text = find(data, key)
        return None if text is None else (text in members) is wanted

    return Operand(evaluate, deeper(at, left), is_boolean=True)


def text_test(
    symbol: str, left: Operand, text: str, at: int, *, wanted: bool
) -> Operand:
    """Make *left* CONTAINS *text* and the like, or NOT CONTAINS if not *wanted*.

    What is not there, or no text, is false either way; so is looking for "".
    """
    holds = TEXT_TESTS[symbol]
    value_of = left.evaluate

    def evaluate(data: bytes) -> Value:
        if not text:
            return False
        value = value_of(data)
        return isinstance(value, str) and holds(value, text) is wanted

    return Operand(evaluate, deeper(at, left), is_boolean=True)


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(part: Constant) -> str:
    value = part.value
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return "NULL" if value is None else str(value).upper()
