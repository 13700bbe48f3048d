"""The file store: the doors of the store over the genuine files."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from twistedmq.config.store import FlushMode
from twistedmq.protocol.record_crc import lay_out_sealed, reserved
from twistedmq.protocol.record_layout import lay_out, record_sizes
from twistedmq.protocol.send_batch import SendBatch
from twistedmq.store.arrivals import Arrivals
from twistedmq.store.context import StoreContext
from twistedmq.store.delay_levels import DelayLevels
from twistedmq.store.errors import StoreOpenError
from twistedmq.store.files.commit_log import CommitLog
from twistedmq.store.files.deletions import Deletions
from twistedmq.store.files.folders import make_folder, mark_running
from twistedmq.store.files.foreign import refuse_foreign
from twistedmq.store.files.hash_index import HashIndex
from twistedmq.store.files.index_backlog import IndexBacklog
from twistedmq.store.files.log_folders import log_folders_of
from twistedmq.store.files.log_syncs import LogSyncs
from twistedmq.store.files.open_files import OpenFiles
from twistedmq.store.files.paths import StorePaths
from twistedmq.store.files.queue_kinds import QueueKinds
from twistedmq.store.files.queue_writer import QueueWriter
from twistedmq.store.files.recovery import Recovered, Recovery
from twistedmq.store.files.refusal import Refusal
from twistedmq.store.files.replication import Follower
from twistedmq.store.files.retaining import StoreRetention
from twistedmq.store.files.rewriting import write_again
from twistedmq.store.files.rolling import append_rolling
from twistedmq.store.files.special_append import SpecialAppends
from twistedmq.store.files.vouching import Vouched, Voucher
from twistedmq.store.flush import Flusher
from twistedmq.store.index_interfaces import IndexHits
from twistedmq.store.interfaces import (
    Appended,
    ArrivalListener,
    Durability,
    IMessageStore,
    IQueueKinds,
    IReplicableLog,
    StoreFullError,
)
from twistedmq.store.memory_index import NoIndex
from twistedmq.store.queue_state import (
    QueueState,
    add_entries,
    give_back_offsets,
    take_offsets,
)
from twistedmq.store.retention_interfaces import IRetention
from twistedmq.store.special_queues import SpecialQueues


@implementer(IMessageStore, IReplicableLog, IQueueKinds, IRetention)
class FileStore(StoreRetention, SpecialAppends):
    """Messages in files that the genuine broker can open.

    An append is one write to the commit log. Queue entries are in memory at once and
    go to their files behind the replies, index items likewise; both are made again
    from the log after a crash.
    """

    _log = Logger()

    def __init__(self, context: StoreContext) -> None:
        """Nothing is touched before ``start``."""
        self.ready: Deferred[None] = Deferred()
        self.confirm_offset = 0
        self._context = context
        config = context.config.value
        self._config = context.config
        self._files = files = context.files
        self._paths = paths = StorePaths(config)
        self._open = OpenFiles(files, config.open_files)
        self._log_folders = log_folders_of(files, paths, context.config)
        self._commit_log = CommitLog(
            files, self._log_folders, config.segment_bytes, self._open
        )
        self._queue_files = QueueKinds.of(context, paths, self._open)
        super().__init__(context.config, self._commit_log, self._queue_files)
        self._queue_writer = QueueWriter(
            context.reactor, context.config, self._queue_files, context.make_workers()
        )
        self._deletions = Deletions(files, paths)
        self._delays = DelayLevels(config.delay_levels)
        self._reserves = config.seals_records
        self._lay_out = lay_out_sealed if config.seals_records else lay_out
        self._arrivals = Arrivals()
        self._last_store_ms = 0
        self._refusal = Refusal(context.reactor, files, paths.root)
        self._lock: object = None
        self._stopping: Deferred[None] | None = None
        self._flush_call: IDelayedCall | None = None
        self._guard_disk()

    # Life

    @property
    def durability(self) -> Durability:
        """What ``safe`` promises."""
        if self._config.value.flush_mode is FlushMode.SYNC:
            return Durability.DISK
        return Durability.PAGE_CACHE

    def start(self) -> None:
        """Take the directory, then recover in a thread."""
        files, paths, context = self._files, self._paths, self._context
        config = self._config.value
        refuse_foreign(files, paths)
        try:
            make_folder(files, paths.root)
            self._lock = files.lock(paths.lock)
            self._log_folders.make()
        except BlockingIOError as error:
            raise StoreOpenError(
                paths.root, f"another broker uses it ({paths.lock} is locked)"
            ) from error
        except OSError as error:
            raise StoreOpenError(
                paths.root, f"it is not writable: {error.strerror or error}"
            ) from error
        self._workers = context.make_workers()
        self._readers = context.make_readers()
        log = self._commit_log
        self._log_syncs = LogSyncs(log, self._config, files, context.reactor)
        self._flusher = Flusher(
            self._workers,
            log.sync,
            context.reactor,
            partial(write_again, log),
            self._log_syncs.begin,
        )
        self._index = context.open_index(partial(HashIndex.of, files, config))
        self._has_index = not isinstance(self._index, NoIndex)
        prepare = None
        if isinstance(self._index, HashIndex) and self._index.must_be_prepared:
            prepare = partial(self._workers.run, self._index.prepare)
        self._backlog = IndexBacklog(context.reactor, self._index, prepare)
        recovery = Recovery(
            files,
            paths,
            config,
            self._commit_log,
            self._queue_files,
            self._index,
            self._deletions,
        )
        opening = self._workers.run(recovery.run).addCallback(self._mark_running)
        opening.addCallbacks(self._recovered, self._not_opened)

    def _not_opened(self, failure: Failure) -> None:
        self._lock = None
        if failure.check(OSError):
            problem = f"recovery failed: {failure.getErrorMessage()}"
            failure = Failure(StoreOpenError(self._paths.root, problem))
        self.ready.errback(failure)

    def _mark_running(self, recovered: Recovered) -> Deferred[Recovered]:
        if self._stopping is not None:
            problem = "it was stopped while it was being opened"
            raise StoreOpenError(self._paths.root, problem)
        marking = self._workers.run(mark_running, self._files, self._paths)
        return marking.addCallback(lambda _: recovered)

    def _recovered(self, recovered: Recovered) -> None:
        if self._stopping is not None:
            problem = "it was stopped while it was being opened"
            self.ready.errback(StoreOpenError(self._paths.root, problem))
            return
        self._queues = recovered.queues
        self._queues.batch_topics = self._context.batch_topics
        self._special = SpecialQueues(self._queues, self._config)
        end = self.confirm_offset = self._commit_log.end
        self._last_store_ms = recovered.last_store_ms
        self._flusher.flushed = end if recovered.is_clean else recovered.durable
        self._follower = Follower(self._commit_log, self._config.value, self._queues)
        parts = Vouched(
            self._files,
            self._paths,
            self._workers,
            self._commit_log,
            self._flusher,
            self._queue_files,
            self._queue_writer,
            self._queues,
            self._backlog,
            self._index,
            self._deletions,
        )
        self._voucher = Voucher(
            self._context.reactor, self._config, parts, lambda: self._last_store_ms
        )
        if recovered.is_clean:
            self._voucher.vouched = end
        self._voucher.start()
        self._begin_cleaning()
        self._plan_flush()
        self.ready.callback(None)

    def _plan_flush(self) -> None:
        delay_s = self._config.value.flush_interval_ms / 1000
        self._flush_call = self._context.reactor.callLater(delay_s, self._flush)

    def _flush(self) -> None:
        """Sync what ASYNC_FLUSH has acknowledged meanwhile."""
        self._flush_call = None
        waiting = None
        if self._flusher.failed is None:
            waiting = self._flusher.flush(self._commit_log.end)
        if waiting is None:
            self._plan_flush()
            return

        def ended(_: object) -> None:
            if self._stopping is None:
                self._plan_flush()

        waiting.addErrback(lambda failure: None).addCallback(ended)

    def stop(self) -> Deferred[None]:
        """Sync, vouch, let go; fires when everything is closed."""
        if self._stopping is None:
            self._stopping = Deferred()
            if not self.ready.called or not hasattr(self, "_voucher"):
                self.ready.addErrback(lambda failure: None)
                self._let_go()
                self._stopping.callback(None)
            else:
                self._close().chainDeferred(self._stopping)
        waiter: Deferred[None] = Deferred()

        def ended(result: Any) -> Any:
            waiter.callback(None)
            return result

        self._stopping.addBoth(ended)
        return waiter

    @inlineCallbacks
    def _close(self) -> Any:
        self._end_cleaning()
        self._voucher.stop()
        self._flusher.stop()
        if self._flush_call is not None:
            self._flush_call.cancel()
            self._flush_call = None
        try:
            yield self._voucher.vouch()
            yield self._workers.run(self._index.close)
            self._files.remove(self._paths.abort)
        except (OSError, StoreFullError) as error:
            self._log.error(
                "the store did not stop in order: {problem}", problem=str(error)
            )
        self._let_go()

    def _let_go(self) -> None:
        self._queue_writer.stop()
        if hasattr(self, "_backlog"):
            self._backlog.stop()
        if hasattr(self, "_workers"):
            self._log_syncs.stop()
            self._readers.stop()
            self._workers.stop()
        self._open.clear()
        self._lock = None

    # Appending

    def append(self, batch: SendBatch) -> Appended:
        """Add *batch*; see IMessageStore."""
        if self._refusal.until_s or self._flusher.failed or self._queue_writer.failing:
            self._refuse()
        if self._guard.problem:
            raise StoreFullError(self._guard.problem)
        if self._special.concern(batch):
            return self._append_special(batch)
        host = self._context.store_host
        store_ms: int = self._context.wall_ms()
        if self._reserves:
            batch = reserved(batch)
        codes = self._delays.entry_codes(batch, store_ms)
        sizes = record_sizes(batch, host)
        states, offsets = take_offsets(self._queues, batch)
        log = self._commit_log
        try:
            if sum(sizes) <= log.room:
                at = log.end
                records = self._lay_out(
                    batch, 0, len(sizes), at, offsets, sizes, store_ms, host
                )
                log.append(b"".join(records))
                if self._config.value.flush_mode is FlushMode.SYNC:
                    self._flusher.hurry(log.end)
                placed = add_entries(states, sizes, codes, at)
            else:
                placed = self._append_rolling(
                    batch, states, offsets, sizes, codes, store_ms
                )
        except OSError as error:
            give_back_offsets(self._queues, states)
            raise self._full(error) from error
        except Exception:
            give_back_offsets(self._queues, states)
            raise
        if self._refusal.until_s:
            self._refusal.end()
        self._last_store_ms = store_ms
        end = self.confirm_offset = log.end
        self._queue_writer.grew(states)
        if self._has_index:
            self._backlog.add(batch, placed, store_ms)
        self._voucher.log_grew(end)
        self._arrivals.tell(states, codes, store_ms)
        return Appended(placed, offsets, end, store_ms)

    def _append_rolling(
        self,
        batch: SendBatch,
        states: Sequence[QueueState],
        offsets: Sequence[int],
        sizes: Sequence[int],
        codes: Sequence[int],
        store_ms: int,
    ) -> list[int]:
        """Append what does not fit into the current segment as a whole."""
        log, host = self._commit_log, self._context.store_host
        placed = []
        for start, stop, at in append_rolling(
            log, batch, offsets, sizes, store_ms, host, self._lay_out
        ):
            rows = slice(start, stop)
            placed += add_entries(states[rows], sizes[rows], codes[rows], at)
        return placed

    def _refuse(self) -> None:
        """Raise if nothing may be stored now."""
        problem = self._flusher.failed or self._queue_writer.failing
        if problem:
            raise StoreFullError(problem)
        self._refusal.check()

    def _full(self, error: OSError) -> StoreFullError:
        if self._commit_log.broken:
            self._flusher.fail(self._commit_log.broken)
        return self._refusal.begin(error)

    def safe(self, end: int) -> Deferred[Durability] | None:
        """See IMessageStore: one Deferred a batch, released by a sync for all."""
        flushing = None
        if self._config.value.flush_mode is FlushMode.SYNC:
            flushing = self._flusher.flush(end)
        replicating = self._context.replication.replicated(end)
        if flushing is None:
            return replicating
        durability = self.durability
        if replicating is None:
            return flushing.addCallback(lambda _: durability)
        replicated = replicating
        return flushing.addCallback(lambda _: replicated)

    # Index, listeners, figures

    def query(
        self,
        topic: str,
        key: str,
        max_count: int,
        begin_ms: int,
        end_ms: int,
        index_type: str,
    ) -> "Deferred[IndexHits]":
        """Find messages by key, in a thread; hits may hold other keys of its hash."""
        self._backlog.put_all()
        return self._workers.run(
            self._index.find, topic, key, max_count, begin_ms, end_ms, index_type
        )

    def add_arrival_listener(self, listener: ArrivalListener) -> None:
        """Have *listener* told of what arrives."""
        self._arrivals.add(listener)

    def status(self) -> dict[str, Any]:
        """Give the figures."""
        log = self._commit_log
        return {
            "min_offset": log.min_offset,
            "max_offset": log.end,
            "flushed_offset": min(self._flusher.flushed, log.end),
            "dispatched_offset": log.end,
            "vouched_offset": max(self._voucher.vouched, 0),
            **self._guard.figures(),
            "queue_count": len(self._queues),
            "open_files": len(self._open),
            "problem": self._flusher.failed
            or self._queue_writer.failing
            or self._guard.problem,
        }

    # IReplicableLog

    def log_bounds(self) -> tuple[int, int]:
        """Give (min, max) physical offset."""
        return self._commit_log.min_offset, self._follower.end

    def log_write(self, offset: int, data: bytes) -> None:
        """Add bytes that a master wrote."""
        end = self._follower.end
        if offset != end:
            raise ValueError(f"the log ends at {end}, not at {offset}")
        self._refuse()
        try:
            added = self._follower.write(data)
        except OSError as error:
            raise self._full(error) from error
        if not added.states:
            return
        self._last_store_ms = added.store_ms
        self._queue_writer.grew(added.states)
        self._index.put(added.index_items)
        self._voucher.log_grew(self._commit_log.end)
        self._arrivals.tell(added.states, added.tags_codes, added.store_ms)

    def log_truncate(self, offset: int) -> None:
        """Forget everything from *offset* on; waits for the disk."""
        self._backlog.put_all()
        self._queue_writer.write_all()
        self._voucher.log_was_cut()
        self._commit_log.truncate(offset)
        self._flusher.truncated(offset)
        self._follower.truncated(offset)
        self._index.truncate(offset)
        self.confirm_offset = min(self.confirm_offset, offset)
        for key, state in list(self._queues.items()):
            self._queue_files.cut(state, offset)
            if not state.next_offset:
                del self._queues[key]
