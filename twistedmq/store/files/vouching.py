"""From time to time: everything to the disk, then the word that it is there."""

from collections.abc import Callable, Generator
from typing import Any, Final

from msgspec import Struct
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.store.files.checkpoint import Checkpoint
from twistedmq.store.files.commit_log import CommitLog
from twistedmq.store.files.deletions import Deletions
from twistedmq.store.files.hash_index import HashIndex
from twistedmq.store.files.index_backlog import IndexBacklog
from twistedmq.store.files.paths import StorePaths
from twistedmq.store.files.queue_writer import QueueWriter
from twistedmq.store.files.vouch import Vouch, forget_vouch, write_vouch
from twistedmq.store.files_layer import Files
from twistedmq.store.flush import Flusher
from twistedmq.store.index_interfaces import IIndexStrategy
from twistedmq.store.queue_interfaces import IQueueIndex, QueueFileKey
from twistedmq.store.queue_state import QueueTable
from twistedmq.store.workers import Workers

_BYTES_A_QUEUE: Final = 64 * 1024
_MS_A_QUEUE: Final = 5
"""How much later a round begins for each queue that it would have to write and sync."""
_MOST_MS: Final = 30_000
"""How much later at most: a start after a crash reads the log from the last round."""
_HARDLY_S: Final = 0.001
"""What is left of a delay that is not worth another timer."""


class Vouched(Struct):
    """What the parts of a store have in common with its voucher."""

    files: Files
    paths: StorePaths
    workers: Workers
    log: CommitLog
    flusher: Flusher
    queue_files: IQueueIndex
    queue_writer: QueueWriter
    queues: QueueTable
    backlog: IndexBacklog
    index: IIndexStrategy
    deletions: Deletions


class Voucher:
    """Syncs log, queues and index, then writes checkpoint and vouching file.

    One round at a time; the next one begins after an interval, or after so many bytes.
    The more queues it would have to write, the longer it waits, so that each of them
    gets several entries with one write.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        config: Live[StoreConfig],
        parts: Vouched,
        last_store_ms: Callable[[], int],
    ) -> None:
        """*last_store_ms* gives the store time of the log's last record."""
        self._reactor = reactor
        self._config = config
        self._parts = parts
        self._last_store_ms = last_store_ms
        self._call: IDelayedCall | None = None
        self._running: Deferred[None] | None = None
        self._hurried = self._is_stale = self._stopped = False
        self._problem = ""
        self._waits_since_s = 0.0
        self._cuts = 0
        self._unsynced: set[QueueFileKey] = set()
        self.vouched = -1
        """The physical offset vouched for last; -1 if there is none."""

    def start(self) -> None:
        """Begin to vouch from time to time."""
        self._wait()

    def _wait(self) -> None:
        if self._stopped:
            return
        self._hurried = False
        self._waits_since_s = self._reactor.seconds()
        self._wait_on()

    def _wait_on(self) -> None:
        self._call = self._reactor.callLater(max(0.0, self._left_s()), self._round)

    def _left_s(self) -> float:
        """Say how long the next round should be put off still, as things are now."""
        more_ms = min(_MS_A_QUEUE * self._parts.queue_writer.dirty, _MOST_MS)
        delay_ms = self._config.value.vouch_interval_ms + more_ms
        waited_s: float = self._reactor.seconds() - self._waits_since_s
        return delay_ms / 1000 - waited_s

    def stop(self) -> None:
        """Do nothing more by itself."""
        self._stopped = True
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = None

    def log_grew(self, end: int) -> None:
        """Vouch earlier if much was written."""
        grown = end - max(self.vouched, 0) - self._config.value.vouch_bytes
        if grown > 0 and grown > _BYTES_A_QUEUE * self._parts.queue_writer.dirty:
            self._hurry()

    def soon(self) -> None:
        """Vouch earlier, because queues were deleted that must not come back."""
        self._is_stale = True
        self._hurry()

    def log_was_cut(self) -> None:
        """Vouch for nothing until the next round, nor in one that began before."""
        forget_vouch(self._parts.files, self._parts.paths)
        self.vouched = -1
        self._cuts += 1

    def _hurry(self) -> None:
        if self._call is not None and not self._hurried:
            self._hurried = True
            self._call.reset(0)

    def _round(self) -> None:
        self._call = None
        if self._parts.log.end == self.vouched and not self._is_stale:
            self._wait()
            return
        if not self._hurried and self._left_s() > _HARDLY_S:
            self._wait_on()  # many queues have got something meanwhile
            return

        def ended(_: object) -> None:
            self._wait()

        self.vouch().addCallbacks(self._did, self._failed).addCallback(ended)

    def _did(self, _: object) -> None:
        if self._problem:
            self._problem = ""
            self._log.info("queues and index are synced again")

    def _failed(self, failure: Any) -> None:
        problem = failure.getErrorMessage()
        if problem != self._problem:
            self._problem = problem
            self._log.warn(
                "queues or index could not be synced, which a restart may have to make "
                "up for: {problem}",
                problem=problem,
            )

    def vouch(self) -> "Deferred[None]":
        """Do one round, after the one that runs; fires with nothing."""
        if self._running is not None:
            waiter: Deferred[None] = Deferred()

            def again(result: object) -> object:
                self.vouch().chainDeferred(waiter)
                return result

            self._running.addBoth(again)
            return waiter
        running: Deferred[None] = self._vouch()
        if running.called:
            return running
        self._running = running
        result: Deferred[None] = Deferred()

        def ended(outcome: Any) -> None:
            self._running = None
            result.callback(outcome)

        running.addBoth(ended)
        return result

    @inlineCallbacks
    def _vouch(self) -> Generator[Any, Any, None]:
        cuts = -1
        while cuts != self._cuts:
            cuts = self._cuts
            yield self._vouch_unless_cut(cuts)

    @inlineCallbacks
    def _vouch_unless_cut(self, cuts: int) -> Generator[Any, Any, None]:
        parts = self._parts
        end = parts.log.end
        last_store_ms = self._last_store_ms()
        counts = len(parts.queues), parts.queues.entry_count()
        deleted = dict(parts.deletions.gone)
        self._is_stale = False
        parts.backlog.put_all()
        yield parts.queue_writer.drain()
        if parts.queue_writer.failing:
            raise OSError(parts.queue_writer.failing)
        if cuts != self._cuts:
            return
        waiting = parts.flusher.flush(end)
        if waiting is not None:
            yield waiting
        self._unsynced |= parts.queue_files.unsynced()
        yield parts.workers.run(self._write, end, last_store_ms, counts)
        if cuts != self._cuts:
            forget_vouch(parts.files, parts.paths)
            return
        self.vouched = end
        parts.deletions.vouched(deleted)

    def _write(self, end: int, last_store_ms: int, counts: tuple[int, int]) -> None:
        """Sync and write; in a thread."""
        parts = self._parts
        parts.queue_files.sync(self._unsynced)
        self._unsynced = set()
        parts.index.flush()
        index_ms = last_store_ms
        if isinstance(parts.index, HashIndex):
            index_ms = parts.index.whole_ms
        checkpoint = Checkpoint(last_store_ms, last_store_ms, index_ms)
        vouch = Vouch(
            offset=end,
            segment_bytes=self._config.value.segment_bytes,
            queue_count=counts[0],
            entry_count=counts[1],
        )
        write_vouch(parts.files, parts.paths, vouch, checkpoint)
