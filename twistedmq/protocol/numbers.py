"""Whole numbers with the widths they have on the wire."""

from typing import Annotated

from msgspec import Meta

INT32_MIN = -(2**31)
INT32_MAX = 2**31 - 1
INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1

Int16 = Annotated[int, Meta(ge=-(2**15), le=2**15 - 1)]
Int32 = Annotated[int, Meta(ge=INT32_MIN, le=INT32_MAX)]
Int64 = Annotated[int, Meta(ge=INT64_MIN, le=INT64_MAX)]


def to_int32(value: int) -> int:
    """Keep the low 32 bits of *value*, read as a signed number."""
    return ((value + 2**31) & 0xFFFFFFFF) - 2**31


def whole_number(text: str | None) -> int | None:
    """Read what a property says; None if that is no number of up to 18 digits."""
    if not text or len(text) > 18 or not text.isascii() or not text.isdigit():
        return None
    return int(text)
