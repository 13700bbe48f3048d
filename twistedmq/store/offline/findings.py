"""Faults and notes, as the parts of a verification tell them."""

from collections.abc import Iterator

from msgspec import Struct


class Finding(Struct, omit_defaults=False):
    """One thing that is wrong, or odd."""

    kind: str
    """``log-hole``, ``queue-entry`` and so on: see the documentation."""
    where: str
    """A queue, a file, or "commit log"."""
    offset: int
    """Physical offset for the log and index, queue offset for queues."""
    end: int
    """Behind what it is about."""
    what: str
    why: str
    is_fault: bool = True


class Notes:
    """Notes of one kind and place become one, with a count: there may be millions."""

    def __init__(self) -> None:
        self._counted: dict[tuple[str, str, str], list[int]] = {}

    def add(self, kind: str, where: str, why: str, offset: int, count: int = 1) -> None:
        """Count one, or *count*."""
        seen = self._counted.get((kind, where, why))
        if seen is None:
            self._counted[kind, where, why] = [count, offset, offset]
            return
        seen[0] += count
        seen[1] = min(seen[1], offset)
        seen[2] = max(seen[2], offset)

    def take(self) -> Iterator[Finding]:
        """Give, and forget, what was counted."""
        for (kind, where, why), (count, first, last) in self._counted.items():
            what = f"{count} message{'s' * (count != 1)}"
            yield Finding(kind, where, first, last + 1, what, why, is_fault=False)
        self._counted = {}
