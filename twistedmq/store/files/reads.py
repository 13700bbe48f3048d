"""The reading half of the file store.

Each read is written once, as a function of a Reader, and runs in the reactor thread if
all it needs is in memory, else in a thread.
"""

import os
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from twisted.internet.defer import Deferred

from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.protocol.command import Buffer
from twistedmq.protocol.record_crc import SealCheck
from twistedmq.store.batch_queue import BatchView
from twistedmq.store.batch_queue import offset_by_time as batch_offset_by_time
from twistedmq.store.batch_reading import (
    batch_entries,
    batch_store_time,
    read_batches,
)
from twistedmq.store.checked_reading import select_checked
from twistedmq.store.files.commit_log import CommitLog
from twistedmq.store.files.queue_kinds import QueueKinds
from twistedmq.store.files.reading import QueueView, Reader, unpacked
from twistedmq.store.interfaces import (
    QueueEntry,
    QueueRead,
    ReadStatus,
    RecordPredicate,
    TagsPredicate,
)
from twistedmq.store.queue_reading import (
    NotResidentError,
    ReadLimits,
    entries_wanted,
    read_selected,
    refused,
)
from twistedmq.store.queue_state import (
    ENTRY_BYTES,
    BatchQueueState,
    QueueState,
    QueueTable,
)
from twistedmq.store.sealed_reading import seal_check, select_sealed
from twistedmq.store.time_search import offset_by_time
from twistedmq.store.workers import Workers

T = TypeVar("T")


class StoreReads:
    """Reads of queues and log; ``FileStore`` adds the rest."""

    _workers: Workers
    _readers: Workers

    def __init__(
        self, config: Live[StoreConfig], log: CommitLog, queue_files: QueueKinds
    ) -> None:
        self._config = config
        self._commit_log = log
        self._queues = QueueTable()
        self._seals = seal_check(config.value)
        self._resident = Reader(log, queue_files, resident=True, seals=self._seals)
        self._waiting = Reader(log, queue_files, resident=False, seals=self._seals)
        self._recent_bytes = _recent_bytes(config.value.recent_memory_percent)

    def _read(
        self, read: Callable[[Reader], T], state: QueueState | None = None
    ) -> "T | Deferred[T]":
        try:
            return read(self._resident)
        except NotResidentError:
            self._commit_log.reads_ahead = self._config.value.reads_ahead
            return self._readers.run(self._read_waiting, read, state)

    def _read_waiting(self, read: Callable[[Reader], T], state: QueueState | None) -> T:
        """Read in a thread; again if what it reads begins later meanwhile.

        Files are deleted after the log and the queue have been told to begin later.
        """
        while True:
            begin = self._beginning(state)
            try:
                found = read(self._waiting)
            except Exception:
                if self._beginning(state) == begin:
                    raise
            else:
                if self._beginning(state) == begin:
                    return found

    def _beginning(self, state: QueueState | None) -> tuple[int, int]:
        return self._commit_log.min_offset, state.min_offset if state else 0

    def read_queue(
        self,
        topic: str,
        queue_id: int,
        offset: int,
        max_count: int,
        max_bytes: int,
        tags: TagsPredicate | None,
        matches: RecordPredicate | None,
    ) -> QueueRead | Deferred[QueueRead]:
        """Read; see IMessageStore."""
        state = self._queues.get((topic, queue_id))
        if state is None:
            return QueueRead(ReadStatus.NO_MATCHED_LOGIC_QUEUE, 0, 0, 0)
        bounds = state.min_offset, state.next_offset
        if answer := refused(offset, *bounds):
            return answer
        log, config = self._commit_log, self._config.value
        wanted = entries_wanted(config, max_count, tags, matches)
        floor = log.end - self._recent_bytes
        limits = ReadLimits.of(config, max_count, max_bytes, floor)
        if isinstance(state, BatchQueueState):
            batches = BatchView.of(state)

            def read_batch_queue(reader: Reader) -> QueueRead:
                if answer := refused(offset, state.min_offset, bounds[1]):
                    return answer
                return read_batches(
                    batches, offset, config, limits, log.min_offset, tags, matches,
                    reader.batch_entries(batches), reader.batch_log(batches),
                )  # fmt: skip

            return self._read(read_batch_queue, state)
        select = read_selected
        if self._seals is not SealCheck.NONE:
            select = partial(select_sealed, self._seals, (topic, queue_id))

        def doubted(select: T, reader: Reader, is_old: bool = False) -> T:
            """Have looked at what the disk gave, and this process did not write."""
            if is_old or reader is self._waiting:
                return partial(select_checked, self._seals, (topic, queue_id))  # type: ignore[return-value]
            return select

        if (entries := state.in_tail(offset, wanted)) is not None:

            def read(reader: Reader) -> QueueRead:
                return doubted(select, reader)(
                    entries, offset, bounds, limits, log.min_offset, tags, matches,
                    reader.log, reader.pieces,
                )  # fmt: skip

            return self._read(read)
        view = QueueView.of(state)

        def read_files(reader: Reader) -> QueueRead:
            if answer := refused(offset, state.min_offset, bounds[1]):
                return answer
            found = reader.entries(view, offset, wanted)
            size = min(wanted, view.max_offset - offset) * ENTRY_BYTES
            is_old = offset < state.old_offset or len(found) < size
            found = found.ljust(size, b"\0")
            return doubted(select, reader, is_old)(
                found, offset, bounds, limits, log.min_offset,
                reader.tags(view, tags), matches, reader.log, reader.pieces,
            )  # fmt: skip

        return self._read(read_files, state)

    def entries(
        self, topic: str, queue_id: int, offset: int, count: int
    ) -> list[QueueEntry]:
        """Give queue entries; may wait for the disk, so not for the hot path."""
        state = self._queues.get((topic, queue_id))
        if state is None or not state.min_offset <= offset < state.next_offset:
            return []
        reader = self._waiting
        if isinstance(state, BatchQueueState):
            batches = BatchView.of(state)
            read = reader.batch_entries(batches)
            return batch_entries(batches, offset, count, read)
        view = QueueView.of(state)
        return [
            QueueEntry(offset + i, start, size, reader.tags_code(view, code))
            for i, (start, size, code) in enumerate(
                unpacked(reader.entries(view, offset, count))
            )
        ]

    def record_at(
        self, physical_offset: int
    ) -> Buffer | Deferred[Buffer | None] | None:
        """Give the record that starts there."""
        return self._read(lambda reader: reader.record_at(physical_offset))

    def offset_by_time(
        self, topic: str, queue_id: int, time_ms: int, upper: bool
    ) -> int | Deferred[int]:
        """Find a queue offset by store time."""
        state = self._queues.get((topic, queue_id))
        if state is None:
            return 0
        if isinstance(state, BatchQueueState):
            batches = BatchView.of(state)
            return self._read(
                lambda reader: batch_offset_by_time(
                    batches, time_ms, upper, reader.batch_entries(batches)
                )
            )
        view = QueueView.of(state)

        def search(reader: Reader) -> int:
            def time_of(offset: int) -> int:
                return reader.store_time(view, offset)

            return offset_by_time(
                view.min_offset, view.max_offset, time_of, time_ms, upper
            )

        return self._read(search)

    def store_time(self, topic: str, queue_id: int, offset: int) -> int | Deferred[int]:
        """Give the store time of one message."""
        state = self._queues.get((topic, queue_id))
        if state is None:
            return -1
        if isinstance(state, BatchQueueState):
            batches = BatchView.of(state)
            return self._read(
                lambda reader: batch_store_time(
                    batches, offset, reader.batch_entries(batches)
                )
            )
        view = QueueView.of(state)
        return self._read(lambda reader: reader.store_time(view, offset))

    def queue_bounds(self, topic: str, queue_id: int) -> tuple[int, int]:
        """Give (min, max) queue offset."""
        state = self._queues.get((topic, queue_id))
        return (state.min_offset, state.next_offset) if state else (0, 0)

    def queues(self) -> list[tuple[str, int]]:
        """Give every (topic, queue id)."""
        return list(self._queues)

    def log_read(self, offset: int, max_bytes: int) -> Buffer | Deferred[Buffer]:
        """Give bytes of the log."""
        return self._read(lambda reader: reader.log(max_bytes, offset))


def _recent_bytes(percent: int) -> int:
    """Give how much of the log is taken to be in the machine's memory."""
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        memory = 4 * 1024 * 1024 * 1024
    return memory * percent // 100
