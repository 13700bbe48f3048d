"""A small file that is replaced as a whole: offsets, topics, groups, timers' progress.

Write a new file, sync it, keep the old one as ``.bak``, put the new one in its place:
whatever happens in between, one of the two is whole. The genuine broker keeps its
tables under the same names.
"""

from collections.abc import Callable
from pathlib import Path

from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import Logger

from twistedmq.store.files_layer import Files, write_all
from twistedmq.store.workers import Workers


class AtomicJsonFile:
    """One such file. Saves do not overtake each other; the newest waiting one wins."""

    _log = Logger()

    def __init__(
        self, files: Files, path: Path, workers: Workers | None = None
    ) -> None:
        """Keep *path*; without *workers*, ``save`` writes at once in its own thread."""
        self._files = files
        self._path = path
        self._backup = path.with_name(path.name + ".bak")
        self._workers = workers
        self._running = False
        self._waiting: bytes | None = None
        self._waiters: list[Deferred[None]] = []

    def load(self, accept: Callable[[bytes], object] | None = None) -> bytes | None:
        """Give what was saved last; from the backup if the file is missing or empty.

        *accept* may raise ValueError for content that cannot be used (a torn file
        written by another program); then the backup is tried too.
        """
        for path in (self._path, self._backup):
            data = self._read(path)
            if not data or not data.strip(b"\0 \r\n"):
                continue
            try:
                if accept is not None:
                    accept(data)
            except ValueError as error:
                self._log.warn(
                    "{path} cannot be read: {error}", path=str(path), error=str(error)
                )
                continue
            return data
        return None

    def _read(self, path: Path) -> bytes | None:
        size = self._files.size(path)
        return None if size is None else bytes(self._files.open(path).read(size, 0))

    def save_now(self, data: bytes) -> None:
        """Replace the content, in this thread.

        Raises:
            OSError: the former content is still there.
        """
        fresh = self._path.with_name(self._path.name + ".tmp")
        self._files.remove(fresh)
        file = self._files.open(fresh, create=True)
        write_all(file, data, 0)
        file.sync()
        del file
        if self._files.size(self._path) is not None:
            self._files.rename(self._path, self._backup)
        self._files.rename(fresh, self._path)
        self._files.sync_folder(self._path.parent)

    def save(self, data: bytes) -> "Deferred[None]":
        """Replace the content in a thread; fires when it, or newer, is on the disk."""
        if self._workers is None:
            try:
                self.save_now(data)
            except OSError:
                return fail()
            return succeed(None)
        waiter: Deferred[None] = Deferred()
        self._waiting = data
        self._waiters.append(waiter)
        if not self._running:
            self._save_waiting(self._workers)
        return waiter

    def _save_waiting(self, workers: Workers) -> None:
        data, self._waiting = self._waiting, None
        waiters, self._waiters = self._waiters, []
        if data is None:
            return
        self._running = True

        def ended(result: object) -> None:
            self._running = False
            for waiter in waiters:
                waiter.callback(result)  # type: ignore[arg-type]
            self._save_waiting(workers)

        workers.run(self.save_now, data).addBoth(ended)
