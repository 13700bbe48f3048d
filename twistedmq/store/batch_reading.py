"""Which records a read of a batch queue gives: a pure function over packed entries.

Limits and statuses follow upstream's DefaultMessageStore.getMessage: a record is given
whole, with all its messages, also to who asks for one in its middle.
"""

from collections.abc import Callable

from twistedmq.config.store import StoreConfig
from twistedmq.protocol.command import Buffer
from twistedmq.store.batch_queue import BatchView, ReadEntries, number_of
from twistedmq.store.errors import DamagedEntryError, DamagedRecordError
from twistedmq.store.interfaces import (
    QueueEntry,
    QueueRead,
    ReadStatus,
    RecordPredicate,
    TagsPredicate,
)
from twistedmq.store.queue_reading import ReadLimits, why_nothing
from twistedmq.store.queue_state import BATCH_ENTRY, BATCH_ENTRY_BYTES

ReadBatch = Callable[[int, int, int], Buffer]
"""Gives the record of so many bytes at a physical offset, whose first message is at a
queue offset; may raise NotResidentError and DamagedRecordError."""


def entries_holding(
    view: BatchView, offset: int, count: int, read: ReadEntries
) -> bytes:
    """Give up to *count* packed entries from the one on that holds *offset*."""
    return read(number_of(view, offset, read), count)


def batch_entries(
    view: BatchView, offset: int, count: int, read: ReadEntries
) -> list[QueueEntry]:
    """Do the same, unpacked; none for an *offset* outside of the queue."""
    if not view.min_offset <= offset < view.max_offset:
        return []
    return [
        QueueEntry(base, physical_offset, size, tags_code, messages)
        for physical_offset, size, tags_code, _, base, messages, _, _ in (
            BATCH_ENTRY.iter_unpack(entries_holding(view, offset, count, read))
        )
    ]


def batch_store_time(view: BatchView, offset: int, read: ReadEntries) -> int:
    """Give the store time in ms of the message at *offset*; -1 if there is none."""
    if not view.min_offset <= offset < view.max_offset:
        return -1
    raw = entries_holding(view, offset, 1, read)
    return int(BATCH_ENTRY.unpack(raw)[3]) if raw else -1


def read_batches(
    view: BatchView,
    offset: int,
    config: StoreConfig,
    limits: ReadLimits,
    log_min: int,
    tags: TagsPredicate | None,
    matches: RecordPredicate | None,
    read: ReadEntries,
    read_batch: ReadBatch,
) -> QueueRead:
    """Give records from the one on that holds *offset*, which lies in the queue."""
    max_count = limits.max_count
    wanted = max(max_count, 1)
    if tags is not None or matches is not None:
        wanted = max(config.max_filter_bytes // BATCH_ENTRY_BYTES, wanted)
    count = size = looked = 0
    removed = False
    next_offset = offset
    records: list[Buffer] = []
    entries = entries_holding(view, offset, wanted, read)
    for (
        physical_offset,
        length,
        tags_code,
        _,
        base,
        messages,
        _,
        _,
    ) in BATCH_ENTRY.iter_unpack(entries):
        if count:
            recent = physical_offset >= limits.recent_floor
            most_messages, most_bytes = limits.recent if recent else limits.old
            if (
                count >= most_messages
                or count + messages > max_count
                or size + length > most_bytes
            ):
                break
        if messages < 1 or base + messages <= next_offset:
            if count:
                break
            raise DamagedEntryError(view.topic, view.queue_id, offset)
        if 0 <= physical_offset < log_min:
            removed = True
            looked, next_offset = looked + 1, base + messages
            continue
        if tags is not None and not tags(tags_code):
            looked, next_offset = looked + 1, base + messages
            continue
        try:
            record = read_batch(length, physical_offset, base)
        except DamagedRecordError:
            if not count:
                raise
            break  # those before it are given first
        looked, next_offset = looked + 1, base + messages
        if matches is not None and not matches(record):
            continue
        records.append(record)
        count += messages
        size += length
    status = ReadStatus.FOUND if count else why_nothing(looked, removed)
    bounds = view.min_offset, view.max_offset
    return QueueRead(status, next_offset, *bounds, count, records, size)
