"""The reading half of a store that keeps its queues in a QueueTable.

Who writes a store says how to get bytes of the log and entries of a queue; statuses,
limits, filters and the search by time follow from that.
"""

from collections.abc import Sequence

from twisted.internet.defer import Deferred

from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.protocol.command import Buffer
from twistedmq.store.batch_queue import BatchView
from twistedmq.store.batch_queue import offset_by_time as batch_offset_by_time
from twistedmq.store.batch_reading import batch_entries, read_batches
from twistedmq.store.interfaces import (
    QueueEntry,
    QueueRead,
    ReadStatus,
    RecordPredicate,
    TagsPredicate,
)
from twistedmq.store.log_scan import STORE_TIME_REACH, scan, store_time_of
from twistedmq.store.queue_reading import (
    ReadLimits,
    entries_wanted,
    read_selected,
    refused,
)
from twistedmq.store.queue_state import (
    ENTRY,
    BatchQueueState,
    QueueState,
    QueueTable,
)
from twistedmq.store.time_search import offset_by_time

_NO_END = 1 << 62
_SIZE_BYTES = 4


class TableReads:
    """Subclasses give ``log_bounds`` and ``_read_log``.

    Batch queues are to be in their tails wholly.

    They also give ``_packed`` if a queue's tail does not hold all of its entries. Each
    method may run in a thread, if those three may.
    """

    def __init__(self, config: Live[StoreConfig]) -> None:
        """Begin without a queue."""
        self._config = config
        self._queues = QueueTable()

    # What subclasses give

    def log_bounds(self) -> tuple[int, int]:
        """Give (min, max) physical offset."""
        raise NotImplementedError

    def _read_log(self, size: int, offset: int) -> Buffer:
        """Give *size* bytes from physical *offset* on; fewer where the log ends."""
        raise NotImplementedError

    def _read_pieces(self, starts: Sequence[int], ends: Sequence[int]) -> list[Buffer]:
        """Give the bytes from each start to each end."""
        return [self._read_log(b - a, a) for a, b in zip(starts, ends, strict=True)]

    def _read_batch(self, size: int, offset: int, queue_offset: int) -> Buffer:
        """Give a record of a batch queue."""
        return self._read_log(size, offset)

    def _packed(self, state: QueueState, offset: int, count: int) -> bytes:
        """Give up to *count* packed entries from queue offset *offset* on, in order.

        *offset* is within the bounds of the queue.
        """
        return state.in_tail(offset, count) or b""

    # What follows

    def queue_bounds(self, topic: str, queue_id: int) -> tuple[int, int]:
        """Give (min, max) queue offset."""
        state = self._queues.get((topic, queue_id))
        return (state.min_offset, state.next_offset) if state else (0, 0)

    def queues(self) -> list[tuple[str, int]]:
        """Give every (topic, queue id)."""
        return list(self._queues)

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
        config = self._config.value
        limits = ReadLimits.of(config, max_count, max_bytes, 0)
        if isinstance(state, BatchQueueState):
            view, log_min = BatchView.of(state), self.log_bounds()[0]
            return read_batches(
                view, offset, config, limits, log_min, tags, matches,
                view.in_tail, self._read_batch,
            )  # fmt: skip
        wanted = entries_wanted(config, max_count, tags, matches)
        return self._select(
            state,
            offset,
            wanted,
            limits,
            bounds,
            tags,
            matches,
        )

    def _select(
        self,
        state: QueueState,
        offset: int,
        wanted: int,
        limits: ReadLimits,
        bounds: tuple[int, int],
        tags: TagsPredicate | None,
        matches: RecordPredicate | None,
    ) -> QueueRead | Deferred[QueueRead]:
        """Read what is known to be there."""
        return read_selected(
            self._packed(state, offset, wanted),
            offset,
            bounds,
            limits,
            self.log_bounds()[0],
            tags,
            matches,
            self._read_log,
            self._read_pieces,
        )

    def entries(
        self, topic: str, queue_id: int, offset: int, count: int
    ) -> list[QueueEntry]:
        """Give queue entries."""
        state = self._queues.get((topic, queue_id))
        if state is None or not state.min_offset <= offset < state.next_offset:
            return []
        if isinstance(state, BatchQueueState):
            view = BatchView.of(state)
            return batch_entries(view, offset, count, view.in_tail)
        return [
            QueueEntry(offset + i, *fields)
            for i, fields in enumerate(
                ENTRY.iter_unpack(self._packed(state, offset, count))
            )
        ]

    def record_at(
        self, physical_offset: int
    ) -> Buffer | Deferred[Buffer | None] | None:
        """Give the record that starts there."""
        low, high = self.log_bounds()
        if not low <= physical_offset < high:
            return None
        head = self._read_log(_SIZE_BYTES, physical_offset)
        size = int.from_bytes(head, signed=True)
        if not 0 < size <= high - physical_offset:
            return None
        record = self._read_log(size, physical_offset)
        found = scan(memoryview(record), physical_offset, _NO_END, check_crc=False)
        return record if found.records else None

    def offset_by_time(
        self, topic: str, queue_id: int, time_ms: int, upper: bool
    ) -> int | Deferred[int]:
        """Find a queue offset by store time."""
        state = self._queues.get((topic, queue_id))
        if isinstance(state, BatchQueueState):
            view = BatchView.of(state)
            return batch_offset_by_time(view, time_ms, upper, view.in_tail)
        low, high = self.queue_bounds(topic, queue_id)

        def time_of(offset: int) -> int:
            return self._store_time(topic, queue_id, offset)

        return offset_by_time(low, high, time_of, time_ms, upper)

    def store_time(self, topic: str, queue_id: int, offset: int) -> int | Deferred[int]:
        """Give the store time of one message."""
        return self._store_time(topic, queue_id, offset)

    def _store_time(self, topic: str, queue_id: int, offset: int) -> int:
        found = TableReads.entries(self, topic, queue_id, offset, 1)
        if not found:
            return -1
        head = self._read_log(STORE_TIME_REACH, found[0].physical_offset)
        return store_time_of(bytes(head))
