"""Which records a read gives: pure functions over packed queue entries.

Limits and statuses follow upstream's DefaultMessageStore.getMessage.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import compress
from operator import add, ne
from struct import Struct as Layout
from typing import Final

from msgspec import Struct

from twistedmq.config.store import StoreConfig
from twistedmq.protocol.command import Buffer
from twistedmq.store.interfaces import (
    QueueRead,
    ReadStatus,
    RecordPredicate,
    TagsPredicate,
)
from twistedmq.store.queue_state import ENTRY, ENTRY_BYTES, FILLER_SIZE

_LEAST_BYTES: Final = 100
_MOST_BYTES: Final = 128 * 1024 * 1024

ReadLog = Callable[[int, int], Buffer]
"""Gives (so many bytes, from a physical offset); may raise NotResidentError."""


ReadPieces = Callable[[Sequence[int], Sequence[int]], list[Buffer]]
"""Gives the bytes from each start to each end, two columns of rising physical offsets;
may raise NotResidentError."""


class NotResidentError(Exception):
    """A disk would have to be waited for: ask again in a thread."""


class ReadLimits(Struct):
    """How much one read gives."""

    recent_floor: int
    """Physical offset from which records count as being in memory."""
    recent: tuple[int, int]
    """Most records, most bytes, where they are."""
    old: tuple[int, int]
    """The same where they are not."""
    max_count: int = 32
    """Records that the read asks for."""

    @classmethod
    def of(
        cls, config: StoreConfig, max_count: int, max_bytes: int, recent_floor: int
    ) -> "ReadLimits":
        """Combine the settings with what one read asks for."""
        most = min(max(max_bytes, _LEAST_BYTES), _MOST_BYTES)
        return cls(
            recent_floor,
            (
                min(max_count, config.max_recent_read_count),
                min(most, config.max_recent_read_bytes),
            ),
            (
                min(max_count, config.max_old_read_count),
                min(most, config.max_old_read_bytes),
            ),
            max_count,
        )


def refused(offset: int, min_offset: int, max_offset: int) -> QueueRead | None:
    """Give the answer to an *offset* at which there is nothing to read."""
    if max_offset == 0:
        return QueueRead(ReadStatus.NO_MESSAGE_IN_QUEUE, 0, min_offset, max_offset)
    if offset < min_offset:
        status, next_offset = ReadStatus.OFFSET_TOO_SMALL, min_offset
    elif offset == max_offset:
        status, next_offset = ReadStatus.OFFSET_OVERFLOW_ONE, offset
    elif offset > max_offset:
        status, next_offset = ReadStatus.OFFSET_OVERFLOW_BADLY, max_offset
    else:
        return None
    return QueueRead(status, next_offset, min_offset, max_offset)


def entries_wanted(
    config: StoreConfig,
    max_count: int,
    tags: TagsPredicate | None,
    matches: RecordPredicate | None,
) -> int:
    """Say how many queue entries a read looks at."""
    if tags is None and matches is None:
        return max(max_count, 1)
    return max(config.max_filter_bytes // ENTRY_BYTES, max_count)


def read_selected(
    entries: bytes,
    offset: int,
    bounds: tuple[int, int],
    limits: ReadLimits,
    log_min: int,
    tags: TagsPredicate | None,
    matches: RecordPredicate | None,
    read_log: ReadLog,
    read_pieces: ReadPieces,
) -> QueueRead:
    """Answer from *entries*, the packed queue entries from *offset* on.

    Neighbours in the log become one buffer, unless *matches* must see each record.
    """
    if tags is None and matches is None and entries:
        plain = _all_of(entries, limits, log_min)
        if plain is not None:
            starts, ends, size = plain
            count = len(entries) // ENTRY_BYTES
            return QueueRead(
                ReadStatus.FOUND,
                offset + count,
                *bounds,
                count,
                read_pieces(starts, ends),
                size,
            )
    count = size = looked = 0
    removed = False
    starts, ends = [], []
    records: list[Buffer] = []
    span_end = -1
    for physical_offset, length, tags_code in ENTRY.iter_unpack(entries):
        if count:
            recent = physical_offset >= limits.recent_floor
            most_records, most_bytes = limits.recent if recent else limits.old
            if count >= most_records or size + length > most_bytes:
                break
        looked += 1
        if physical_offset < log_min or length == FILLER_SIZE:
            removed = True
            continue
        if tags is not None and not tags(tags_code):
            continue
        if matches is not None:
            record = read_log(length, physical_offset)
            if not matches(record):
                continue
            records.append(record)
        elif physical_offset == span_end:
            span_end = ends[-1] = physical_offset + length
        else:
            span_end = physical_offset + length
            starts.append(physical_offset)
            ends.append(span_end)
        count += 1
        size += length
    if starts:
        records = read_pieces(starts, ends)
    status = ReadStatus.FOUND if count else why_nothing(looked, removed)
    return QueueRead(status, offset + looked, *bounds, count, records, size)


@lru_cache(maxsize=256)
def _entries(count: int) -> Layout:
    """Give what unpacks so many entries at once."""
    return Layout(">" + "qiq" * count)


def _all_of(
    entries: bytes, limits: ReadLimits, log_min: int
) -> tuple[Sequence[int], Sequence[int], int] | None:
    """Give starts and ends in the log of what all *entries* stand for, and the bytes.

    None if a limit, a gap or old data asks for a closer look. It answers most pulls, so
    it works on columns.
    """
    fields = _entries(len(entries) // ENTRY_BYTES).unpack(entries)
    starts, sizes = fields[0::3], fields[1::3]
    size = sum(sizes)
    most_records, most_bytes = limits.recent
    if (
        starts[0] < max(limits.recent_floor, log_min)
        or len(starts) > most_records
        or size > most_bytes
        or FILLER_SIZE in sizes
    ):
        return None
    ends = tuple(map(add, starts, sizes))
    if ends[-1] - starts[0] == size:
        return starts[:1], ends[-1:], size
    breaks = list(map(ne, starts[1:], ends))
    if not all(breaks):
        starts = (starts[0], *compress(starts[1:], breaks))
        ends = (*compress(ends, breaks), ends[-1])
    return starts, ends, size


def why_nothing(looked: int, removed: bool) -> ReadStatus:
    """Give the status of a read that found no record among so many entries."""
    if not looked:
        return ReadStatus.OFFSET_FOUND_NULL
    if removed:
        return ReadStatus.MESSAGE_WAS_REMOVING
    return ReadStatus.NO_MATCHED_MESSAGE
