"""The reading half of the store.

The end of the log is read at once: its queue entries are in memory, its records in that
of the system. What is older is read in a thread, through a connection of its own.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from twisted.internet.defer import Deferred

from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.protocol.command import Buffer
from twistedmq.store.errors import DamagedRecordError
from twistedmq.store.interfaces import QueueRead
from twistedmq.store.queue_state import QueueState
from twistedmq.store.table_reads import TableReads
from twistedmq.store.workers import Workers
from twistedmq_sqlite.database import Database
from twistedmq_sqlite.recent import RecentEntries
from twistedmq_sqlite.tables import Tables

T = TypeVar("T")


class SqliteReads(TableReads):
    """Reads queues and log; ``SqliteStore`` adds the rest."""

    _workers: Workers

    def __init__(self, config: Live[StoreConfig], database: Database) -> None:
        super().__init__(config)
        self._database = database
        self._tables = Tables(database)
        self._recent = RecentEntries()
        self._begin = self._end = 0
        self._rest = b""

    def log_bounds(self) -> tuple[int, int]:
        """Give (min, max) physical offset."""
        return self._begin, self._end + len(self._rest)

    def _read_log(self, size: int, offset: int) -> bytes:
        return self._tables.piece(size, offset)

    def _read_pieces(self, starts: Sequence[int], ends: Sequence[int]) -> list[Buffer]:
        pieces: list[Buffer] = []
        for start, end in zip(starts, ends, strict=True):
            piece = self._tables.rows(start, end)
            if len(piece) != end - start:
                raise DamagedRecordError(start)
            pieces.append(piece)
        return pieces

    def _packed(self, state: QueueState, offset: int, count: int) -> bytes:
        if not self._database.in_thread and offset >= state.tail_offset:
            return state.in_tail(offset, count) or b""
        return self._tables.packed(state, offset, count)

    def _in_thread(self, read: Callable[..., T], *arguments: Any) -> "Deferred[T]":
        def within_one_state() -> T:
            with self._database.snapshot():
                return read(*arguments)

        return self._workers.run(within_one_state)

    def _select(
        self, state: QueueState, offset: int, *how: Any
    ) -> QueueRead | Deferred[QueueRead]:
        read: Any = super()._select
        if offset >= state.tail_offset:
            found: QueueRead = read(state, offset, *how)
            return found
        return self._in_thread(read, state, offset, *how)

    def record_at(
        self, physical_offset: int
    ) -> Buffer | Deferred[Buffer | None] | None:
        """Give the record that starts there."""
        if physical_offset >= self._recent.floor:
            return super().record_at(physical_offset)
        return self._in_thread(super().record_at, physical_offset)  # type: ignore[arg-type]

    def offset_by_time(
        self, topic: str, queue_id: int, time_ms: int, upper: bool
    ) -> int | Deferred[int]:
        """Find a queue offset by store time, in a thread."""
        read: Any = super().offset_by_time
        return self._in_thread(read, topic, queue_id, time_ms, upper)

    def store_time(self, topic: str, queue_id: int, offset: int) -> int | Deferred[int]:
        """Give the store time of one message."""
        state = self._queues.get((topic, queue_id))
        if state is None or offset >= state.tail_offset:
            return super().store_time(topic, queue_id, offset)
        read: Any = super().store_time
        return self._in_thread(read, topic, queue_id, offset)

    def log_read(self, offset: int, max_bytes: int) -> Buffer | Deferred[Buffer]:
        """Give bytes of the log."""
        if offset >= self._recent.floor:
            return self._read_log(max_bytes, offset)
        return self._in_thread(self._read_log, max_bytes, offset)
