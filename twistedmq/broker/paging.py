"""Tables in pages, for those who ask for a large one piece by piece."""

from collections.abc import Mapping
from typing import TypeVar

from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import DataVersion
from twistedmq.protocol.errors import FieldError

V = TypeVar("V")


def page(
    table: Mapping[str, V], start: int, size: int, seen: str | None, now: DataVersion
) -> dict[str, V]:
    """Give *size* entries of *table* by name, from number *start* on.

    Numbers mean nothing once the table has changed: where *seen*, the version that the
    reader began with, is not *now*, the first page is given.
    """
    if not _is_version(seen, now):
        start = 0
    return {name: table[name] for name in sorted(table)[start : start + size]}


def _is_version(text: str | None, version: DataVersion) -> bool:
    try:
        return loose_json.decode((text or "").encode(), type=DataVersion) == version
    except FieldError:
        return False
