"""Syncs of the commit log that need no thread: the kernel does them alone."""

from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from twistedmq.config.live import Live
from twistedmq.config.store import FlushMode, StoreConfig
from twistedmq.store.files.commit_log import CommitLog
from twistedmq.store.files_layer import Files, FileSyncs


class LogSyncs:
    """Begins them, one at a time.

    Mostly there is one file to be synced, the last, and nothing to be made or removed.
    With SYNC_FLUSH, where senders wait for it, the kernel is asked for that directly;
    with ASYNC_FLUSH that would save nothing.
    """

    def __init__(
        self, log: CommitLog, config: Live[StoreConfig], files: Files, reactor: Any
    ) -> None:
        self._log = log
        self._config = config
        self._open = partial(files.kernel_syncs, reactor)
        self._is_open = False
        self._syncs: FileSyncs | None = None

    def begin(self) -> "Deferred[int] | None":
        """Sync what was written; fires with the end up to which it is on the disk.

        None where a thread has to do it. Fails with OSError: nothing since the last
        sync may be relied on.
        """
        if self._config.value.flush_mode is not FlushMode.SYNC:
            return None
        if not self._is_open:
            self._is_open = True
            self._syncs = self._open()
        alone = self._log.alone_unsynced() if self._syncs is not None else None
        if self._syncs is None or alone is None:
            return None
        base, file = alone
        end = self._log.end
        try:
            synced = self._syncs.sync(file)
        except OSError:  # not this kind of file
            self.stop()
            return None
        found = self._check(base)  # while the disk works there is time for it
        return synced.addCallback(lambda _: found or end)

    def _check(self, base: int) -> Failure | None:
        """See that the file still has its name; gives why not."""
        try:
            self._log.check_there(base)
        except OSError:
            return Failure()
        return None

    def stop(self) -> None:
        """Let go; a sync that runs is waited for, and tells nobody."""
        self._is_open = True
        if self._syncs is not None:
            syncs, self._syncs = self._syncs, None
            syncs.stop()
