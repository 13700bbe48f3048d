"""A small file that is replaced as a whole: offsets, topics, groups, timers' progress.

Write a new file, sync it, keep the old one as ``.bak``, put the new one in its place:
whatever happens in between, one of the two is whole. The genuine broker keeps its
tables under the same names.
"""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Final

from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import Logger

from twistedmq.protocol.errors import TwistedMQError
from twistedmq.store.files_layer import Files, write_all
from twistedmq.store.workers import Workers

_MISSING: Final = "is missing"


class TornFileError(TwistedMQError):
    """What a file held is lost, and to begin without it might lose more."""

    def __init__(self, path: Path, problem: str, backup_problem: str) -> None:
        """Keep the *path*, and say what is wrong with it and with its backup."""
        super().__init__(
            f"{path} {problem}, and {path.name}.bak {backup_problem}: mend one of "
            "them, or move both away to begin without what they held"
        )
        self.path = path


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
        self._is_torn = False
        """Whether the file is worth less than its backup."""
        self._writing = Lock()
        self._numbers = count(1)
        self._written = 0
        """The number of the save whose content the file has."""
        self._running = False
        self._waiting: tuple[int, bytes] | None = None
        self._waiters: list[Deferred[None]] = []
        self.loaded_ms = 0
        """When that was written which ``load`` has given, in ms since the epoch."""

    def load(self, accept: Callable[[bytes], object] | None = None) -> bytes | None:
        """Give what was saved last; from the backup if the file cannot be used.

        None if neither was ever written. *accept* may raise ValueError for content
        that cannot be used (a torn file written by another program).

        Raises:
            TornFileError: something was written, and neither can be used.
        """
        data, problem = self._read(self._path, accept)
        if data is not None:
            self._note_time(self._path)
            return data
        data, backup_problem = self._read(self._backup, accept)
        if data is None:
            if problem == backup_problem == _MISSING:
                return None
            raise TornFileError(self._path, problem, backup_problem)
        self._is_torn = problem != _MISSING
        self._note_time(self._backup)
        self._log.warn(
            "{path} {problem}: the {size} bytes of {backup} are taken instead, which "
            "may lack the last changes",
            path=str(self._path),
            problem=problem,
            size=len(data),
            backup=self._backup.name,
        )
        return data

    def _read(
        self, path: Path, accept: Callable[[bytes], object] | None
    ) -> tuple[bytes | None, str]:
        """Give the content, or None and what is wrong with the file."""
        size = self._files.size(path)
        if size is None:
            return None, _MISSING
        data = bytes(self._files.open(path).read(size, 0))
        if not data.strip(b"\0 \r\n"):
            return None, "is empty"
        try:
            if accept is not None:
                accept(data)
        except ValueError as error:
            return None, f"cannot be read ({error})"
        return data, ""

    def _note_time(self, path: Path) -> None:
        self.loaded_ms = self._files.modified_ns(path) // 1_000_000

    def save_now(self, data: bytes) -> None:
        """Replace the content, in this thread.

        A ``save`` that runs is waited for; one that was begun before changes nothing
        any more.

        Raises:
            OSError: the former content is still there.
        """
        self._save_in_turn(next(self._numbers), data)

    def _save_in_turn(self, number: int, data: bytes) -> None:
        with self._writing:
            if number > self._written:
                self._replace(data)
                self._written = number

    def _replace(self, data: bytes) -> None:
        fresh = self._path.with_name(self._path.name + ".tmp")
        self._files.remove(fresh)
        file = self._files.open(fresh, create=True)
        write_all(file, data, 0)
        file.sync()
        del file
        if not self._is_torn and self._files.size(self._path) is not None:
            self._files.rename(self._path, self._backup)
        self._files.rename(fresh, self._path)
        self._is_torn = False
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
        self._waiting = next(self._numbers), data
        self._waiters.append(waiter)
        if not self._running:
            self._save_waiting(self._workers)
        return waiter

    def _save_waiting(self, workers: Workers) -> None:
        save, self._waiting = self._waiting, None
        waiters, self._waiters = self._waiters, []
        if save is None:
            return
        self._running = True

        def ended(result: object) -> None:
            self._running = False
            for waiter in waiters:
                waiter.callback(result)  # type: ignore[arg-type]
            self._save_waiting(workers)

        workers.run(self._save_in_turn, *save).addBoth(ended)
