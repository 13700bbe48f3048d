"""Where in a batch queue a message is: searches over its entries.

An entry says at which queue offset its messages begin, and how many they are. Source:
BatchConsumeQueue.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from twistedmq.protocol import properties
from twistedmq.store.queue_state import (
    BATCH_ENTRY,
    BATCH_ENTRY_BYTES,
    BatchQueueState,
)

MOST_MESSAGES: Final = 0x7FFF
"""How many messages one entry may stand for."""

BatchEntry = tuple[int, int, int, int, int, int, int, int]


class BatchView(Struct):
    """A batch queue at one moment: a thread may read it while the queue goes on."""

    topic: str
    queue_id: int
    min_offset: int
    max_offset: int
    first_entry: int
    next_entry: int
    tail: bytearray
    tail_entry: int

    @classmethod
    def of(cls, state: BatchQueueState) -> "BatchView":
        """Look at *state* now."""
        return cls(
            state.topic,
            state.queue_id,
            state.min_offset,
            state.next_offset,
            state.first_entry,
            state.next_entry,
            state.tail,
            state.tail_entry,
        )

    def in_tail(self, number: int, count: int) -> bytes:
        """Give up to *count* packed entries from *number* on, which is in the tail."""
        count = min(count, self.next_entry - number)
        start = (number - self.tail_entry) * BATCH_ENTRY_BYTES
        return bytes(self.tail[start : start + count * BATCH_ENTRY_BYTES])


ReadEntries = Callable[[int, int], bytes]
"""Gives up to so many packed entries (second) from a number on (first)."""


def entry_of(raw: bytes) -> BatchEntry:
    """Unpack one entry."""
    return BATCH_ENTRY.unpack(raw)


def first_number(
    low: int, high: int, read: ReadEntries, holds: Callable[[BatchEntry], bool]
) -> int:
    """Give the first number from *low* on whose entry does not hold; else *high*.

    It must hold for a run of entries at the beginning and for none behind it. An entry
    that no file has is zeros.
    """
    while low < high:
        middle = (low + high) // 2
        if holds(entry_of(read(middle, 1).ljust(BATCH_ENTRY_BYTES, b"\0"))):
            low = middle + 1
        else:
            high = middle
    return low


def number_of(view: BatchView, offset: int, read: ReadEntries) -> int:
    """Give the number of the entry that holds the message at queue offset *offset*."""

    def is_before(entry: BatchEntry) -> bool:
        return entry[4] + entry[5] <= offset

    return first_number(view.first_entry, view.next_entry, read, is_before)


def offset_by_time(
    view: BatchView, time_ms: int, upper: bool, read: ReadEntries
) -> int:
    """Find a queue offset by store time: always one at which an entry begins.

    It is that of the first entry stored at *time_ms* or later, or of the last one if
    none was. With *upper*, of entries stored at that very time the last one counts.
    Upstream differs between two files, where it may give the last entry before.
    """
    first, end = view.first_entry, view.next_entry
    found = first_number(first, end, read, lambda entry: entry[3] < time_ms)
    if upper:
        behind = first_number(found, end, read, lambda entry: entry[3] == time_ms)
        found = max(found, behind - 1)
    raw = read(min(found, end - 1), 1)
    if len(raw) < BATCH_ENTRY_BYTES:
        return view.min_offset
    return max(view.min_offset, entry_of(raw)[4])


def messages_in(encoded: bytes) -> int:
    """Say how many messages the record with these properties counts for."""
    number = properties.get(encoded, b"INNER_NUM")
    if number is None or not number.isdigit():
        return 1
    return max(1, min(int(number), MOST_MESSAGES))
