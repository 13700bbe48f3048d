"""Group commit: one sync at a time, whoever waits for it is released together."""

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.store.commit_pace import CommitPace
from twistedmq.store.interfaces import StoreFullError
from twistedmq.store.workers import Workers

_AGAIN_AFTER_S: Final = 5.0
"""How long a disk that failed is left alone before it is tried again."""


class Flusher:
    """Syncs the log.

    While one sync runs, those who come wait for the next one, which then covers all of
    them. It begins at once, or a little later if more are about to come (CommitPace).

    After a failed sync nothing is assumed written: the kernel may have dropped the very
    pages that failed, and would call the next sync a success. So whoever waits is told
    no, nothing more is stored, and what was not synced before is read back, verified
    and written once more, until a sync of that succeeds.
    """

    _log = Logger()

    def __init__(
        self,
        workers: Workers,
        sync: Callable[[], int],
        reactor: Any,
        write_again: Callable[[int], int],
        begin: "Callable[[], Deferred[int] | None]" = lambda: None,
    ) -> None:
        """*sync* makes the log safe and gives the end up to which it did.

        *write_again* does so with everything from an offset on, as if for the first
        time. Both are called in a thread. *begin* does as *sync* where no thread is
        needed, and gives None where one is.
        """
        self._workers = workers
        self._begin = begin
        self._sync = sync
        self._reactor = reactor
        self._write_again = write_again
        self._running = False
        self._stopped = False
        self._call: IDelayedCall | None = None
        self._run_call: IDelayedCall | None = None
        self._began_s = 0.0
        self._pace = CommitPace()
        self._waiting: list[tuple[int, Deferred[None]]] = []
        self._wanted = 0
        """The furthest end that anybody asked for."""
        self.flushed = 0
        """Physical offset up to which the log is on the disk."""
        self.failed: str | None = None
        """Why syncing failed, if it did; nothing may be stored meanwhile."""

    def flush(self, end: int) -> "Deferred[None] | None":
        """None if every byte before *end* is on the disk; else fires when it is."""
        if end <= self.flushed:
            return None
        waiter: Deferred[None] = Deferred()
        if self.failed is not None:
            waiter.errback(StoreFullError(self.failed))
            return waiter
        self._waiting.append((end, waiter))
        self.hurry(end)
        return waiter

    def hurry(self, end: int) -> None:
        """Begin, as somebody is about to wait for every byte before *end*."""
        self._wanted = max(self._wanted, end)
        if not (self._running or self.failed) and end > self.flushed:
            self._run_soon()

    def _run_soon(self) -> None:
        """Begin a sync: at once, or when there is more company."""
        wait_s = self._pace.wait_s(self._reactor.seconds(), self._wanted)
        if not wait_s or self._stopped:
            self._run()
        elif self._run_call is None:
            self._run_call = self._reactor.callLater(wait_s, self._waited)

    def _waited(self) -> None:
        self._run_call = None
        self._run()

    def _wait_no_more(self) -> None:
        if self._run_call is not None:
            self._run_call.cancel()
            self._run_call = None

    def _run(self) -> None:
        self._wait_no_more()
        self._pace.began(self._wanted)
        self._began_s = self._reactor.seconds()
        self._running = True
        syncing = self._begin() or self._workers.run(self._sync)
        syncing.addCallbacks(self._synced, self._not_synced)

    def _synced(self, end: int) -> None:
        self._running = False
        if self.failed is not None:
            return  # it failed otherwise meanwhile, and those who waited know
        before, self.flushed = self.flushed, max(self.flushed, end)
        wanted = max(self._wanted, self.flushed)
        now_s = self._reactor.seconds()
        took_s = now_s - self._began_s
        self._pace.synced(now_s, took_s, before, self.flushed, wanted)
        covered = [d for wanted, d in self._waiting if wanted <= self.flushed]
        self._waiting = [w for w in self._waiting if w[0] > self.flushed]
        if self._waiting:
            self._run_soon()
        for waiter in covered:
            waiter.callback(None)

    def _not_synced(self, failure: Failure) -> None:
        self._running = False
        self.fail(f"the disk failed to sync the log: {failure.getErrorMessage()}")

    # After a failure

    def fail(self, problem: str) -> None:
        """Refuse everything, because of *problem*, until the disk is well again."""
        if self.failed is None:
            self._log.critical(
                "{problem}; nothing more is stored until what was not synced could be "
                "written again; reads go on",
                problem=problem,
            )
        self.failed = problem
        self._wait_no_more()
        self._plan()
        waiting, self._waiting = self._waiting, []
        for _, waiter in waiting:
            waiter.errback(StoreFullError(problem))

    def _plan(self) -> None:
        if self._call is None and not self._stopped:
            self._call = self._reactor.callLater(_AGAIN_AFTER_S, self._try_again)

    def _try_again(self) -> None:
        self._call = None
        if self._running:
            self._plan()
            return
        self._running = True
        again = self._workers.run(self._write_again, self.flushed)
        again.addCallbacks(self._is_well, self._is_ill)

    def _is_well(self, end: int) -> None:
        self._running = False
        self._log.info(
            "the disk is well again: {bytes} bytes of the log were written once more "
            "and synced; messages are stored again",
            bytes=end - self.flushed,
        )
        self.failed = None
        self.flushed = end

    def _is_ill(self, failure: Failure) -> None:
        self._running = False
        self.failed = f"the disk still fails: {failure.getErrorMessage()}"
        self._plan()

    def stop(self) -> None:
        """Try nothing again by itself, and let nobody wait for company."""
        self._stopped = True
        if self._run_call is not None:
            self._run()
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def truncated(self, end: int) -> None:
        """Note that the log was cut: who waits for what was behind *end* fails."""
        self.flushed = min(self.flushed, end)
        self._wanted = min(self._wanted, end)
        cut = [waiter for wanted, waiter in self._waiting if wanted > end]
        self._waiting = [w for w in self._waiting if w[0] <= end]
        if not self._waiting:
            self._wait_no_more()
        for waiter in cut:
            waiter.errback(StoreFullError(f"the log was cut at {end}"))
