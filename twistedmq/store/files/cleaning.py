"""Deletes the oldest files of the commit log, slowly, one a turn."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from msgspec import Struct
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.store.disk_guard import DiskGuard
from twistedmq.store.files.commit_log import CommitLog
from twistedmq.store.files.expiry import Expiry
from twistedmq.store.files_layer import Files
from twistedmq.store.retention import DiskFinding, DiskLevel, why_delete
from twistedmq.store.workers import Workers


class Cleaned(Struct):
    """What the parts of a store have in common with its cleaner."""

    files: Files
    workers: Workers
    log: CommitLog
    guard: DiskGuard
    expiry: Expiry


class Cleaner:
    """Looks from time to time whether the oldest file is to be deleted.

    After each file it looks again, so that a full disk costs no more messages than it
    must. The last file stays. Readers that have a file open read on.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        wall_ms: Callable[[], int],
        config: Live[StoreConfig],
        parts: Cleaned,
    ) -> None:
        """*wall_ms* is the clock that files are as old by as they are."""
        self._reactor = reactor
        self._wall_ms = wall_ms
        self._config = config
        self._parts = parts
        self._call: IDelayedCall | None = None
        self._round: Deferred[None] | None = None
        self._stopped = False
        self._asked = False
        self._problem: str | None = None
        self._retry_at_s = 0.0
        self._told_last = False

    def start(self) -> None:
        """Have queues follow the log, then begin to look from time to time."""
        self._run(self._follow())

    def _wait(self) -> None:
        if not self._stopped:
            delay_s = self._config.value.clean_interval_ms / 1000
            self._call = self._reactor.callLater(delay_s, self._begin)

    def stop(self) -> None:
        """Do nothing more, in the middle of a round too."""
        self._stopped = True
        if self._call is not None:
            self._call.cancel()
            self._call = None
        if self._round is not None:
            self._round.cancel()

    def expire_now(self) -> None:
        """Delete what is expired, whatever the hour, until there is no more of it."""
        self._asked = True
        if self._call is not None:
            self._call.reset(0)

    def _begin(self) -> None:
        self._call = None
        self._run(self._clean())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self._round = Deferred.fromCoroutine(work)
        self._round.addErrback(self._not_cleaned).addCallback(self._ended)

    def _not_cleaned(self, failure: Failure) -> None:
        if self._stopped and failure.check(CancelledError):
            return
        self._log.failure("old files could not be looked after", failure)

    def _ended(self, _: object) -> None:
        self._round = None
        self._wait()

    async def _clean(self) -> None:
        """Delete up to so many files, and what only they were needed for."""
        config = self._config.value
        waits_s = self._retry_at_s - self._reactor.seconds()
        if 0 < waits_s <= config.delete_retry_ms / 1000:  # else the clock was set
            return
        deleted = 0
        problem = None
        try:
            while deleted < config.delete_batch and await self._delete_one():
                deleted += 1
                await self._pause(config.delete_pause_ms)
        except OSError as error:
            problem = str(error)
        await self._follow(problem)

    async def _follow(self, problem: str | None = None) -> None:
        """Remove what only deleted files needed; *problem* is one met before."""
        try:
            await self._parts.expiry.follow(self._pause)
        except OSError as error:
            problem = problem or str(error)
        self._note_problem(problem)

    def _pause(self, pause_ms: int) -> "Deferred[None]":
        """Fire later; a cancelled pause ends at once."""
        pause: Deferred[None] = Deferred(lambda _: call.cancel())
        call = self._reactor.callLater(pause_ms / 1000, pause.callback, None)
        return pause

    async def _delete_one(self) -> bool:
        """Delete the oldest file if it is to be deleted; gives whether it was."""
        log, run = self._parts.log, self._parts.workers.run
        finding = await self._parts.guard.check()
        oldest = log.oldest()
        if oldest is None:
            self._nothing_left(finding)
            return False
        base, path = oldest
        modified_ms = await run(self._modified_ms, path)
        now_ms, config = self._wall_ms(), self._config.value
        why = why_delete(modified_ms, now_ms, finding, config, self._asked)
        if why is None:
            self._asked = self._told_last = False
            return False
        if log.oldest() != oldest:
            return False  # it was cut meanwhile, perhaps to its last file
        log.forget(base)
        try:
            await run(self._parts.files.remove, path)
        except OSError:
            log.take_back(base)
            raise
        log.forgotten(base)
        self._log.info("{path} is deleted: {why}", path=str(path), why=why)
        return True

    def _modified_ms(self, path: Path) -> int:
        """Give the time of the last change; 0 for a file that is gone already."""
        try:
            return self._parts.files.modified_ns(path) // 1_000_000
        except FileNotFoundError:
            return 0

    def _note_problem(self, problem: str | None) -> None:
        """Say once what cannot be deleted; it is tried again later."""
        if problem is not None:
            delay_s = self._config.value.delete_retry_ms / 1000
            self._retry_at_s = self._reactor.seconds() + delay_s
            if problem != self._problem:
                self._log.error(
                    "an old file cannot be deleted, which is tried again every "
                    "{delay:g} s (redeleteHangedFileInterval): {problem}",
                    delay=delay_s,
                    problem=problem,
                )
        self._problem = problem

    def _nothing_left(self, finding: DiskFinding) -> None:
        """Say once that the disk is nearly full and only the last file is kept."""
        self._asked = False
        urgent = finding.level >= DiskLevel.URGENT
        if urgent and not self._told_last:
            self._log.warn(
                "{text}, and nothing is left to be deleted: the last file of the "
                "commit log stays",
                text=finding.text,
            )
        self._told_last = urgent
