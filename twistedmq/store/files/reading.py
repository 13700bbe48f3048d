"""Reads of the file store, written once and run in two places.

A ``Reader`` that only takes what is in memory is tried in the reactor thread; when it
raises NotResidentError, the same function runs in a thread with one that waits.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from twistedmq.protocol.command import Buffer
from twistedmq.protocol.record_crc import SealCheck
from twistedmq.store.batch_queue import BatchView, ReadEntries
from twistedmq.store.batch_reading import ReadBatch
from twistedmq.store.files.commit_log import CommitLog
from twistedmq.store.files.extended_files import is_address
from twistedmq.store.files.queue_kinds import QueueKinds
from twistedmq.store.interfaces import TagsPredicate
from twistedmq.store.log_scan import STORE_TIME_REACH, scan, store_time_of
from twistedmq.store.queue_reading import ReadLog, ReadPieces
from twistedmq.store.queue_state import ENTRY, ENTRY_BYTES, QueueState
from twistedmq.store.sealed_reading import checked_batches

_SIZE_BYTES: Final = 4


class QueueView(Struct):
    """A queue at one moment: a thread may read it while the queue goes on."""

    topic: str
    queue_id: int
    min_offset: int
    max_offset: int
    tail: bytearray
    tail_offset: int

    @classmethod
    def of(cls, state: QueueState) -> "QueueView":
        """Look at *state* now."""
        return cls(
            state.topic,
            state.queue_id,
            state.min_offset,
            state.next_offset,
            state.tail,
            state.tail_offset,
        )


class Reader:
    """Reads log and queues, waiting for the disk or not."""

    def __init__(
        self,
        log: CommitLog,
        queue_files: QueueKinds,
        resident: bool,
        seals: SealCheck = SealCheck.NONE,
    ) -> None:
        self._seals = seals
        self._queue_files = queue_files.plain
        self._batch_files = queue_files.batch
        self._extended = queue_files.extended
        self._resident = resident
        self.log: ReadLog = log.read_resident if resident else log.read
        self.pieces: ReadPieces = log.pieces_resident if resident else log.pieces
        self._commit_log = log

    def entries(self, view: QueueView, offset: int, count: int) -> bytes:
        """Give packed entries from *offset* on."""
        count = min(count, view.max_offset - offset)
        found = b""
        before_tail = view.tail_offset - offset
        if before_tail > 0:
            found = self._queue_files.read(
                view.topic,
                view.queue_id,
                offset,
                min(count, before_tail),
                self._resident,
            )
            if len(found) < before_tail * ENTRY_BYTES:
                return found
            offset = view.tail_offset
            count -= before_tail
        start = (offset - view.tail_offset) * ENTRY_BYTES
        return found + bytes(view.tail[start : start + count * ENTRY_BYTES])

    def batch_entries(self, view: BatchView) -> ReadEntries:
        """Give what reads the entries of a batch queue."""
        return self._batch_files.reads(view, self._resident)

    def batch_log(self, view: BatchView) -> ReadBatch:
        """Give what reads the records of a batch queue."""
        return checked_batches(self._seals, (view.topic, view.queue_id), self.log)

    def tags(self, view: QueueView, tags: TagsPredicate | None) -> TagsPredicate | None:
        """Give *tags* for tags codes as they stand in a queue's entries."""
        if tags is None or not self._extended.has(view.topic):
            return tags
        return self._extended.predicate(view.topic, view.queue_id, tags, self._resident)

    def tags_code(self, view: QueueView, code: int) -> int:
        """Give the tags code that *code*, as it stands in an entry, means."""
        if not is_address(code) or not self._extended.has(view.topic):
            return code
        real = self._extended.tags_code(view.topic, view.queue_id, code, self._resident)
        return code if real is None else real

    def record_at(self, physical_offset: int) -> Buffer | None:
        """Give the record that begins there; None if none does."""
        log = self._commit_log
        if not log.min_offset <= physical_offset < log.end:
            return None
        size = int.from_bytes(self.log(_SIZE_BYTES, physical_offset), signed=True)
        segment_end = log.segment_end(physical_offset)
        if not 0 < size <= segment_end - physical_offset:
            return None
        record = self.log(size, physical_offset)
        if len(record) < size:
            return None
        check = self._seals is not SealCheck.NONE
        view = memoryview(record)
        found = scan(view, physical_offset, segment_end, check, self._seals)
        return record if found.records else None

    def store_time(self, view: QueueView, offset: int) -> int:
        """Give the store time of the message at *offset*; -1 if there is none."""
        entry = self.entries(view, offset, 1) if offset >= view.min_offset else b""
        if not entry:
            return -1
        return store_time_of(bytes(self.log(STORE_TIME_REACH, ENTRY.unpack(entry)[0])))


def unpacked(entries: bytes) -> Sequence[tuple[int, int, int]]:
    """Give (physical offset, size, tags code) of packed entries."""
    return list(ENTRY.iter_unpack(entries))
