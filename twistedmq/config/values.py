"""How the values of settings are written: each kind's text, limits and type.

A kind's ``parse`` raises ValueError on text that is not allowed; what is allowed is
told by ``allowed``, which goes into the message for the user.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")
E = TypeVar("E", bound=Enum)

MAX_INT = 2**31 - 1
MAX_LONG = 2**63 - 1


@dataclass(frozen=True)
class Kind(Generic[T]):
    """One kind of value: what is allowed, text to value, value to text."""

    allowed: str
    parse: Callable[[str], T]
    format: Callable[[T], str]


def whole_number(low: int = -MAX_INT - 1, high: int = MAX_INT) -> Kind[int]:
    """Whole numbers from *low* to *high*, both included."""

    def parse(text: str) -> int:
        if not text.isascii() or "_" in text:
            raise ValueError(text)
        number = int(text)
        if not low <= number <= high:
            raise ValueError(text)
        return number

    return Kind(f"a whole number from {low} to {high}", parse, str)


def clamped(low: int, high: int) -> Kind[int]:
    """Whole numbers; one outside *low* to *high* counts as the nearer of the two."""
    any_number = whole_number()

    def parse(text: str) -> int:
        return min(max(any_number.parse(text), low), high)

    return Kind(f"a whole number, taken as {low} to {high}", parse, str)


def _parse_hours(text: str) -> tuple[int, ...]:
    return tuple(_HOUR.parse(part.strip()) for part in text.split(";") if part.strip())


def _format_hours(hours: tuple[int, ...]) -> str:
    return ";".join(f"{hour:02d}" for hour in hours)


def _parse_boolean(text: str) -> bool:
    word = text.strip().lower()
    if word not in ("true", "false"):
        raise ValueError(text)
    return word == "true"


def _format_boolean(value: bool) -> str:
    return "true" if value else "false"


def choice(choices: Mapping[str, E]) -> Kind[E]:
    """One of the names given, in any case."""
    by_name = {name.lower(): value for name, value in choices.items()}
    names = {value: name for name, value in choices.items()}

    def parse(text: str) -> E:
        try:
            return by_name[text.strip().lower()]
        except KeyError:
            raise ValueError(text) from None

    return Kind(f"one of {', '.join(choices)}", parse, lambda value: names[value])


def name_of(*names: str) -> Kind[str]:
    """One of the names given, in any case, kept as text."""
    by_name = {name.lower(): name for name in names}

    def parse(text: str) -> str:
        try:
            return by_name[text.strip().lower()]
        except KeyError:
            raise ValueError(text) from None

    return Kind(f"one of {', '.join(names)}", parse, str)


def text_list(separator: str = ";") -> Kind[tuple[str, ...]]:
    """Texts with *separator* between them; blanks round each do not count."""

    def parse(text: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in text.split(separator) if part.strip())

    return Kind(f"texts separated by {separator!r}", parse, separator.join)


def _parse_path(text: str) -> Path:
    expanded = text.strip().replace("${user.home}", str(Path.home()))
    if not expanded or "\0" in expanded:
        raise ValueError(text)
    return Path(os.path.expandvars(expanded)).expanduser()


def _parse_delays(text: str) -> str:
    levels = text.split()
    if not levels or not all(_is_delay(level) for level in levels):
        raise ValueError(text)
    return " ".join(levels)


_is_delay = re.compile(r"[1-9][0-9]*[smhd]").fullmatch


def optional(kind: Kind[T]) -> Kind[T | None]:
    """The same, or nothing at all."""

    def parse(text: str) -> T | None:
        return kind.parse(text) if text.strip() else None

    def form(value: T | None) -> str:
        return "" if value is None else kind.format(value)

    return Kind(f"{kind.allowed}, or nothing", parse, form)


def in_unit(kind: Kind[int], factor: int) -> Kind[int]:
    """A number that the file gives in units *factor* times as large as the field's."""
    return Kind(
        kind.allowed,
        lambda text: kind.parse(text) * factor,
        lambda value: kind.format(value // factor),
    )


def _stripped(kind: Kind[T]) -> Kind[T]:
    return Kind(kind.allowed, lambda text: kind.parse(text.strip()), kind.format)


BOOLEAN: Kind[bool] = Kind("true or false", _parse_boolean, _format_boolean)
TEXT: Kind[str] = Kind("any text", str, str)
NAME: Kind[str] = Kind("any text", str.strip, str)
INT = _stripped(whole_number())
LONG = _stripped(whole_number(-MAX_LONG - 1, MAX_LONG))
COUNT = _stripped(whole_number(1, MAX_INT))
AMOUNT = _stripped(whole_number(0, MAX_INT))
LONG_AMOUNT = _stripped(whole_number(0, MAX_LONG))
PORT = _stripped(whole_number(0, 65535))
BROKER_PORTS = _stripped(whole_number(3, 65535))
"""A broker's fast port is two below; clients and records must be told both."""
DOUBLE: Kind[float] = Kind("a number", float, repr)
_HOUR = whole_number(0, 23)
HOURS: Kind[tuple[int, ...]] = Kind(
    "hours from 00 to 23 separated by ';', or nothing", _parse_hours, _format_hours
)
DELAYS: Kind[str] = Kind("delays such as 1s 5m 2h 1d", _parse_delays, str)
PATH: Kind[Path] = Kind("a path", _parse_path, str)
OPTIONAL_PATH = optional(PATH)
ADDRESSES = text_list(";")


def paths_in(text: str, separator: str) -> tuple[Path, ...]:
    """Take paths with *separator* between them apart."""
    return tuple(PATH.parse(part) for part in text.split(separator) if part.strip())
