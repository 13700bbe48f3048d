"""One file of a simulated disk: its changes, and which of them a crash leaves."""

from bisect import bisect_left
from collections.abc import Sequence
from enum import Enum
from random import Random
from typing import Final

from msgspec import Struct

_SECTORS: Final = (64, 512, 4096)
_ATOMIC: Final = 64
"""A disk writes so many bytes that lie together wholly or not at all."""


class Left(Enum):
    """What a loss of power leaves of a file's writes since it was synced."""

    NOTHING = "nothing"
    ALL = "all of them"
    IN_ORDER = "the first ones, the last of which may be torn"
    SECTORS = "each sector as it was at some moment"


class Change(Struct):
    """A write, or (without data) a change of the size."""

    moment: int
    offset: int
    data: bytes | None = None

    @property
    def end(self) -> int:
        """Where its bytes end."""
        return self.offset + len(self.data or b"")

    def apply(self, content: bytearray) -> None:
        """Do it to *content*."""
        if self.data is None:
            del content[self.offset :]
            content.extend(bytes(self.offset - len(content)))
            return
        if len(content) < self.end:
            content.extend(bytes(self.end - len(content)))
        content[self.offset : self.end] = self.data


class Synced(Struct):
    """What a sync brought to the disk."""

    moment: int
    changes: int
    """How many changes were made before it."""
    content: bytes
    modified_ns: int


class Content:
    """One file, whatever its names are."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.modified_ns = 0
        self.changes: list[Change] = []
        self.syncs = [Synced(-1, 0, b"", 0)]

    def change(self, change: Change) -> None:
        """Do it, and remember it."""
        change.apply(self.data)
        self.changes.append(change)
        self.modified_ns = change.moment

    def sync(self, moment: int) -> None:
        """Remember what is on the disk from *moment* on."""
        done = len(self.changes)
        if done != self.syncs[-1].changes:
            content = bytes(self.data)
            self.syncs.append(Synced(moment, done, content, self.modified_ns))

    def left(self, moment: int, random: Random, how: Left) -> "Content":
        """Give what is left if the power fails before *moment*."""
        last = bisect_left(self.syncs, moment, key=lambda s: s.moment) - 1
        synced = self.syncs[max(last, 0)]
        count = bisect_left(self.changes, moment, key=lambda c: c.moment)
        loose = self.changes[synced.changes : count]
        left = Content()
        left.data = bytearray(synced.content)
        left.modified_ns = synced.modified_ns
        if loose and random.random() < 0.5:
            left.modified_ns = loose[-1].moment
        if how is Left.ALL:
            _apply_all(loose, left.data)
        elif how is Left.IN_ORDER and loose:
            whole = random.randrange(len(loose))
            _apply_all(loose[:whole], left.data)
            _tear(loose[whole], random).apply(left.data)
        elif how is Left.SECTORS and loose:
            left.data = _by_sectors(left.data, loose, random)
        left.syncs = [Synced(-1, 0, bytes(left.data), left.modified_ns)]
        return left


def _apply_all(changes: Sequence[Change], content: bytearray) -> None:
    for change in changes:
        change.apply(content)


def _tear(change: Change, random: Random) -> Change:
    if change.data is None or change.offset // _ATOMIC == (change.end - 1) // _ATOMIC:
        return change if random.random() < 0.5 else Change(0, change.offset, b"")
    return Change(0, change.offset, change.data[: random.randint(0, len(change.data))])


def _by_sectors(
    before: bytearray, changes: Sequence[Change], random: Random
) -> bytearray:
    """Give the content of which each sector has seen its own number of *changes*."""
    sector = random.choice(_SECTORS)
    sizes = [len(before)]
    for change in changes:
        size = change.offset if change.data is None else max(sizes[-1], change.end)
        sizes.append(size)
    content = before + bytes(max(sizes) - len(before))
    seen: dict[int, int] = {}
    for number, change in enumerate(changes):
        data = change.data
        if data is None:
            low, high = sorted((sizes[number], change.offset))
            data = bytes(high - low)
        else:
            low, high = change.offset, change.end
        for at in range(low - low % sector, high, sector):
            if at not in seen:
                seen[at] = random.randint(0, len(changes))
            if seen[at] > number:
                start, stop = max(at, low), min(at + sector, high)
                content[start:stop] = data[start - low : stop - low]
    size = random.choice(sizes)
    del content[size:]
    return content
