"""Values of expressions and how they compare, as Java's boxed types do. Pure.

A value is None, a bool, a str, an ``int`` (Java's Integer), a ``Long`` or a ``float``
(Double). Properties are always texts: a text beside a number is read as a number of
that number's type, so ``a > 1`` cannot be asked where *a* is "1.5".
"""

import re
from collections.abc import Callable
from typing import Any, Final

from twistedmq.filter.sql.errors import UndecidedError


class Long(int):
    """An integer that Java keeps in 64 bits; a plain ``int`` is kept in 32."""


Value = bool | str | int | float | None

INTEGER_MAX: Final = 2**31 - 1
LONG_MAX: Final = 2**63 - 1
LEAST_DOUBLE: Final = 5e-324
"""Java's Double.MIN_VALUE: the least number above 0, and the least literal."""

_INTEGER: Final = re.compile(r"[+-]?\d+")
_DECIMAL: Final = re.compile(
    r"[+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?)", re.ASCII
)
_HEXADECIMAL: Final = re.compile(
    r"([+-]?0[xX](?:[\da-fA-F]+\.?|[\da-fA-F]*\.[\da-fA-F]+)[pP][+-]?\d+)[fFdD]?",
    re.ASCII,
)
_BLANKS: Final = "".join(map(chr, range(0x21)))
"""What Java's String.trim takes off."""
_LAST_OF_ONE_UNIT: Final = "\uffff"
_MOST_DIGITS: Final = 19


def to_integer(text: str) -> int:
    """Read *text* as Integer.valueOf does."""
    return _whole(text, INTEGER_MAX)


def to_long(text: str) -> int:
    """Read *text* as Long.valueOf does."""
    return _whole(text, LONG_MAX)


def to_double(text: str) -> float:
    """Read *text* as Double.valueOf does."""
    text = text.strip(_BLANKS)
    if _DECIMAL.fullmatch(text):
        return float(text.rstrip("fFdD") if text[-1] in "fFdD" else text)
    if hexadecimal := _HEXADECIMAL.fullmatch(text):
        try:
            return float.fromhex(hexadecimal[1])
        except OverflowError:
            return float("-inf" if text[0] == "-" else "inf")
    raise UndecidedError(f"{text!r} is not a number")


def to_boolean(text: str) -> bool:
    """Read *text* as Boolean.valueOf does: whatever is not "true" is false."""
    return text.lower() == "true"


def _whole(text: str, most: int) -> int:
    # Java reads digits of all scripts, but only those of one UTF-16 unit
    if not _INTEGER.fullmatch(text) or max(text) > _LAST_OF_ONE_UNIT:
        raise UndecidedError(f"{text!r} is not a whole number")
    if len(text) > _MOST_DIGITS + 1:
        text = _without_zeros(text)
    number = int(text)
    if not -most - 1 <= number <= most:
        raise UndecidedError(f"{text} is not between {-most - 1} and {most}")
    return number


def _without_zeros(text: str) -> str:
    """Give *text* in few enough digits for ``int``, which limits them."""
    sign = text[0] if text[0] in "+-" else ""
    digits = text[len(sign) :]
    start = next((i for i, digit in enumerate(digits) if int(digit)), len(digits) - 1)
    if len(digits) - start > _MOST_DIGITS:
        raise UndecidedError(f"a number of {len(digits) - start} digits is too long")
    return sign + digits[start:]


def reader_for(number: float) -> Callable[[str], float]:
    """Give what reads a text that is compared with *number*."""
    if isinstance(number, float):
        return to_double
    return to_long if isinstance(number, Long) else to_integer


def compare(left: Value, right: Value) -> int:
    """Compare as upstream does: negative, 0 or positive.

    Types that have nothing in common give -1, so they are unequal, and "less".

    Raises:
        UndecidedError: a text is not the number that it is compared with.
    """
    assert left is not None
    assert right is not None
    if isinstance(left, bool):
        if isinstance(right, str):
            raise UndecidedError("a condition is compared with a text")
        return _sign(left, right) if isinstance(right, bool) else -1
    if isinstance(right, bool):
        return _sign(to_boolean(left), right) if isinstance(left, str) else -1
    if isinstance(left, str):
        if isinstance(right, str):
            return _sign(left, right)
        left = reader_for(right)(left)
    elif isinstance(right, str):
        right = reader_for(left)(right)
    if isinstance(left, float) or isinstance(right, float):
        return compare_doubles(float(left), float(right))
    return _sign(left, right)


def compare_doubles(left: float, right: float) -> int:
    """Compare as Double.compareTo: NaN is above all and equals itself, -0.0 < 0.0."""
    if left < right:
        return -1
    if left > right:
        return 1
    return _sign(_rank(left), _rank(right))


def _rank(number: float) -> int:
    """Order what ``<`` does not: -0.0, any other number, NaN."""
    if number != number:  # noqa: PLR0124 - only NaN is not itself
        return 1
    return -1 if number == 0 and str(number)[0] == "-" else 0


def _sign(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)
