"""The store: records, queue entries and keys in the tables of one SQLite file.

Written in the thread of the reactor, a transaction a batch: a commit only reaches the
log of SQLite, which costs no more than a write to a file, and when it fails the batch
is refused at once. What waits for a disk (syncs, moving pages from that log into the
file, reads of what is older than the end of the log) happens in threads.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from twistedmq.config.store import FlushMode
from twistedmq.protocol.record_crc import lay_out_sealed, reserved
from twistedmq.protocol.record_layout import lay_out, record_sizes
from twistedmq.protocol.send_batch import SendBatch
from twistedmq.store.arrivals import Arrivals, logged_index_items
from twistedmq.store.context import StoreContext
from twistedmq.store.delay_levels import DelayLevels
from twistedmq.store.errors import StoreOpenError
from twistedmq.store.files.index_backlog import IndexBacklog
from twistedmq.store.flush import Flusher
from twistedmq.store.index_interfaces import IIndexStrategy, IndexHits
from twistedmq.store.interfaces import (
    Appended,
    ArrivalListener,
    Durability,
    IMessageStore,
    IReplicableLog,
    StoreFullError,
)
from twistedmq.store.log_scan import (
    scan,
)
from twistedmq.store.memory_index import NoIndex
from twistedmq.store.queue_state import (
    add_entries,
    give_back_offsets,
    take_offsets,
)
from twistedmq.store.retention_interfaces import IRetention
from twistedmq_sqlite.database import Database
from twistedmq_sqlite.index import SqliteIndex
from twistedmq_sqlite.replica import SqliteReplica, refusal
from twistedmq_sqlite.tables import SCHEMA

T = TypeVar("T")

_BUFFERS: Final = 5
"""How many buffers ``lay_out`` gives for a record."""
_NO_END: Final = 1 << 62
_SLICE: Final = 1000
_SWEEP_AFTER_S: Final = 0.05
_CHECKPOINT_BYTES: Final = 8 * 1024 * 1024
"""Messages between two moves of pages from SQLite's log into the file."""
_RESTART_BYTES: Final = 128 * 1024 * 1024
"""Size of SQLite's log at which appends wait for the rest of a move."""


@implementer(IMessageStore, IReplicableLog, IRetention)
class SqliteStore(SqliteReplica):
    """Messages in one SQLite file."""

    _log = Logger()

    def __init__(
        self, context: StoreContext, path: Path, max_bytes: int | None = None
    ) -> None:
        """Nothing is touched before ``start``."""
        database = Database(context.files, path, max_bytes)
        super().__init__(context.config, database)
        self.ready: Deferred[None] = Deferred()
        self.confirm_offset = 0
        self._context = context
        self._arrivals = Arrivals()
        config = context.config.value
        self._seals = config.seals_records
        self._delays = DelayLevels(config.delay_levels)
        self._moved = 0
        self._calls: dict[Callable[[], None], IDelayedCall] = {}
        self._stopping: Deferred[None] | None = None
        self._index: IIndexStrategy | None = None

    # Life

    @property
    def durability(self) -> Durability:
        """What ``safe`` promises."""
        if self._config.value.flush_mode is FlushMode.SYNC:
            return Durability.DISK
        return Durability.PAGE_CACHE

    def start(self) -> None:
        """Take the file, then open it in a thread."""
        self._database.claim()
        self._workers = self._context.make_workers()
        reactor = self._context.reactor
        self._flusher = Flusher(self._workers, self._sync, reactor, self._write_again)
        self._workers.run(self._open).addCallbacks(self._opened, self._not_opened)

    def _open(self) -> None:
        self._database.open(SCHEMA)
        self._tables.load_queues(self._queues)
        self._begin, self._end = self._tables.bounds()
        self._index = self._context.open_index(self._own_index)
        if not isinstance(self._index, NoIndex):
            self._bring_in_line(self._index)

    def _own_index(self) -> IIndexStrategy:
        return SqliteIndex(self._database, self._config.value.index_query_limit)

    def _bring_in_line(self, index: IIndexStrategy) -> None:
        """Have the index know what the log holds, no more and no less."""
        last = index.indexed_offset()
        if last >= self._end:
            index.truncate(self._end)
            last = index.indexed_offset()
        while records := self._tables.records_behind(last, _SLICE):
            for place, record in records:
                found = scan(memoryview(record), place, _NO_END).records
                index.put(logged_index_items(found))
                last = place

    def _opened(self, _: None) -> None:
        if self._stopping is not None:
            problem = "it was stopped while it was being opened"
            self._not_opened(Failure(StoreOpenError(self._database.path, problem)))
            return
        assert self._index is not None
        self.confirm_offset = self._flusher.flushed = self._moved = self._end
        self._recent.reset(self._end)
        self._has_index = not isinstance(self._index, NoIndex)
        self._backlog = IndexBacklog(self._context.reactor, self._index)
        self._plan(self._flush, self._config.value.flush_interval_ms / 1000)
        self._plan(self._sweep, _SWEEP_AFTER_S)
        self._plan_expiry()
        self.ready.callback(None)

    def _not_opened(self, failure: Failure) -> None:
        self._database.close()
        if not failure.check(StoreOpenError):
            problem = failure.getErrorMessage()
            failure = Failure(StoreOpenError(self._database.path, problem))
        self.ready.errback(failure)

    def stop(self) -> Deferred[None]:
        """Put and sync everything, close the file."""
        if self._stopping is not None:
            waiter: Deferred[None] = Deferred()

            def ended(result: None) -> None:
                waiter.callback(None)

            self._stopping.addCallback(ended)
            return waiter
        self._stopping = Deferred()
        for call in self._calls.values():
            call.cancel()
        self._calls.clear()
        if hasattr(self, "_backlog"):
            self._flusher.stop()
            self._backlog.put_all()
            self._backlog.stop()
            closing = self._workers.run(self._close)
        else:
            self.ready.addErrback(lambda failure: None)
            closing = succeed(None)
        closing.addErrback(lambda f: self._log.failure("the store did not close", f))
        closing.addCallback(self._closed)
        stopped: Deferred[None] = Deferred()
        self._stopping.addCallback(stopped.callback)
        return stopped

    def _close(self) -> None:
        assert self._index is not None
        try:
            self._index.close()
        finally:
            self._database.sync()
            self._database.checkpoint()

    def _closed(self, _: object) -> None:
        if hasattr(self, "_workers"):
            self._workers.stop()
        self._database.close()
        assert self._stopping is not None
        self._stopping.callback(None)

    # What happens from time to time

    def _plan(self, work: Callable[[], None], after_s: float) -> None:
        if self._stopping is None and work not in self._calls:
            self._calls[work] = self._context.reactor.callLater(after_s, self._do, work)

    def _do(self, work: Callable[[], None]) -> None:
        del self._calls[work]
        work()

    def _flush(self) -> None:
        """Sync what ASYNC_FLUSH has acknowledged, move what there is much of."""
        waiting: Deferred[Any] = succeed(None)
        if self._flusher.failed is None:
            waiting = self._flusher.flush(self._end) or waiting
            if self._end - self._moved > _CHECKPOINT_BYTES:
                self._moved = self._end
                moving = waiting.addCallback(
                    lambda _: self._workers.run(self._checkpoint)
                )
                waiting = moving.addCallback(self._restart)
        waiting.addErrback(self._not_moved)
        after_s = self._config.value.flush_interval_ms / 1000
        waiting.addCallback(lambda _: self._plan(self._flush, after_s))

    def _checkpoint(self) -> int:
        """Move pages; gives how large SQLite's log is and stays."""
        assert self._index is not None
        self._index.flush()
        for _ in range(3):  # each time there is less that came meanwhile
            size, moved = self._database.checkpoint()
            if size == moved:
                return 0
        return size

    def _restart(self, size: int) -> None:
        """Have appends wait once, where they would not let the log begin anew."""
        if size > _RESTART_BYTES and self._stopping is None:
            self._database.restart_log()

    def _not_moved(self, failure: Failure) -> None:
        failure.trap(OSError, StoreFullError)
        if self._flusher.failed is None:
            self._log.error(
                "the log of {path} stays long: {problem}",
                path=str(self._database.path),
                problem=failure.getErrorMessage(),
            )

    def _sync(self) -> int:
        end = self._end
        self._database.sync()
        return end

    def _write_again(self, start: int) -> int:
        """Write what SQLite's log has into the file itself, after a failed sync.

        The system may have dropped pages of that log, so records are verified first.
        """
        end = self._end
        while rows := self._tables.records_behind(start - 1, _SLICE):
            for place, record in rows:
                if not scan(memoryview(record), place, _NO_END).records:
                    raise OSError(f"the record at {place} is damaged")
                start = place + len(record)
        if start != end:
            raise OSError(f"what is stored ends at {start}, not at {end}")
        self._database.move_all()
        return end

    def _sweep(self) -> None:
        """Remove a little of what deleted topics left."""
        try:
            more = self._tables.sweep(_SLICE)
        except sqlite3.Error:
            more = False  # full or locked; the next deletion or start tries again
        if more:
            self._plan(self._sweep, _SWEEP_AFTER_S)

    # Appending

    def append(self, batch: SendBatch) -> Appended:
        """Add *batch*; see IMessageStore."""
        if self._flusher.failed is not None:
            raise StoreFullError(self._flusher.failed)
        self._rest = b""
        host, at = self._context.store_host, self._end
        if self._seals:
            batch = reserved(batch)
        sizes = record_sizes(batch, host)
        store_ms: int = self._context.wall_ms()
        codes = self._delays.entry_codes(batch, store_ms)
        states, offsets = take_offsets(self._queues, batch)
        try:
            lay = lay_out_sealed if self._seals else lay_out
            buffers = lay(batch, 0, len(sizes), at, offsets, sizes, store_ms, host)
            records, places = [], []
            for size, i in zip(sizes, range(0, len(buffers), _BUFFERS), strict=True):
                places.append(at)
                records.append((at, b"".join(buffers[i : i + _BUFFERS])))
                at += size
            entries = list(zip(states, offsets, places, sizes, codes, strict=True))
            self._tables.add(records, entries)
        except sqlite3.Error as error:
            give_back_offsets(self._queues, states)
            raise refusal(self._database.path, error) from error
        except Exception:
            give_back_offsets(self._queues, states)
            raise
        add_entries(states, sizes, codes, self._end)
        self._end = self.confirm_offset = at
        self._recent.add(states, at)
        if self._has_index:
            self._backlog.add(batch, places, store_ms)
        self._arrivals.tell(states, codes, store_ms)
        return Appended(places, offsets, at, store_ms)

    def safe(self, end: int) -> Deferred[Durability] | None:
        """See IMessageStore: one Deferred a batch, released by a sync for all."""
        flushing = None
        if self._config.value.flush_mode is FlushMode.SYNC:
            flushing = self._flusher.flush(end)
        replicating = self._context.replication.replicated(end)
        if flushing is None:
            return replicating
        if replicating is not None:
            return flushing.addCallback(lambda _: replicating)
        durability = self.durability
        return flushing.addCallback(lambda _: durability)

    # Queues, index, listeners, figures

    def query(
        self,
        topic: str,
        key: str,
        max_count: int,
        begin_ms: int,
        end_ms: int,
        index_type: str,
    ) -> Deferred[IndexHits]:
        """Find messages by key, in a thread."""
        assert self._index is not None
        self._backlog.put_all()
        return self._workers.run(
            self._index.find, topic, key, max_count, begin_ms, end_ms, index_type
        )

    def delete_topic(self, topic: str) -> int:
        """Forget the queues of *topic*; their entries are removed little by little."""
        gone = [state for key, state in self._queues.items() if key[0] == topic]
        try:
            self._tables.delete_queues(gone)
        except sqlite3.Error as error:
            raise refusal(self._database.path, error) from error
        for state in gone:
            del self._queues[state.topic, state.queue_id]
        self._plan(self._sweep, _SWEEP_AFTER_S)
        return len(gone)

    def add_arrival_listener(self, listener: ArrivalListener) -> None:
        """Have *listener* told of what arrives."""
        self._arrivals.add(listener)

    def status(self) -> dict[str, Any]:
        """Give the figures."""
        return {
            "min_offset": self._begin,
            "max_offset": self._end + len(self._rest),
            "flushed_offset": min(self._flusher.flushed, self._end),
            "dispatched_offset": self._end,
            "disk_ratio": self._database.used_ratio(),
            "queue_count": len(self._queues),
            "problem": self._flusher.failed,
        }
