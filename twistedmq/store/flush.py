"""Group commit: one sync at a time, whoever waits for it is released together."""

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.store.interfaces import StoreFullError
from twistedmq.store.workers import Workers


class Flusher:
    """Syncs the log in a thread.

    While one sync runs, those who come wait for the next one, which then covers all of
    them. After a failed sync nothing is assumed written, and nothing is synced again:
    the kernel may have dropped the very pages that failed.
    """

    _log = Logger()

    def __init__(self, workers: Workers, sync: Callable[[], int]) -> None:
        """*sync* makes the log safe and gives the end up to which it did."""
        self._workers = workers
        self._sync = sync
        self._running = False
        self._waiting: list[tuple[int, Deferred[None]]] = []
        self.flushed = 0
        """Physical offset up to which the log is on the disk."""
        self.failed: str | None = None
        """Why syncing failed, if it did."""

    def flush(self, end: int) -> "Deferred[None] | None":
        """None if every byte before *end* is on the disk; else fires when it is."""
        if end <= self.flushed:
            return None
        waiter: Deferred[None] = Deferred()
        if self.failed is not None:
            waiter.errback(StoreFullError(self.failed))
            return waiter
        self._waiting.append((end, waiter))
        if not self._running:
            self._run()
        return waiter

    def _run(self) -> None:
        self._running = True
        self._workers.run(self._sync).addCallbacks(self._synced, self._not_synced)

    def _synced(self, end: int) -> None:
        self._running = False
        self.flushed = max(self.flushed, end)
        covered = [d for wanted, d in self._waiting if wanted <= self.flushed]
        self._waiting = [w for w in self._waiting if w[0] > self.flushed]
        if self._waiting:
            self._run()
        for waiter in covered:
            waiter.callback(None)

    def _not_synced(self, failure: Failure) -> None:
        self._running = False
        self.failed = f"the disk failed to sync the log: {failure.getErrorMessage()}"
        self._log.critical(
            "{problem}; nothing more is stored until the store is opened again",
            problem=self.failed,
        )
        waiting, self._waiting = self._waiting, []
        for _, waiter in waiting:
            waiter.errback(StoreFullError(self.failed))

    def truncated(self, end: int) -> None:
        """Note that the log was cut."""
        self.flushed = min(self.flushed, end)
