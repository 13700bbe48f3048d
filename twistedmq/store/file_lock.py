"""Who holds a store: one process, and one store within it."""

import errno
import os
import sys
from pathlib import Path
from typing import ClassVar

_BINARY = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class FileLock:
    """Keeps other programs, and the rest of this one, from using the same store.

    Where the platform has record locks the first byte is locked, which is where Java
    programs lock too; such a lock does not keep out its own process, so the files held
    are noted as well.
    """

    _held: ClassVar[set[tuple[int, int]]] = set()

    def __init__(self, path: Path, record_locks: bool) -> None:
        self._key: tuple[int, int] | None = None
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | _BINARY, 0o644)
        stat = os.fstat(self._fd)
        key = stat.st_dev, stat.st_ino
        if key in self._held:
            # Closing any descriptor of the file would end the lock: this one stays.
            raise BlockingIOError(errno.EAGAIN, "locked by this process", str(path))
        try:
            _lock_first_byte(self._fd, record_locks)
            os.ftruncate(self._fd, 0)
            os.write(self._fd, b"lock")
        except OSError:
            os.close(self._fd)
            raise
        self._key = key
        self._held.add(key)

    def __del__(self) -> None:
        """Let go."""
        if self._key is not None:
            self._held.discard(self._key)
            os.close(self._fd)


def _lock_first_byte(descriptor: int, record_locks: bool) -> None:
    if record_locks:
        import fcntl  # noqa: PLC0415 (not everywhere)

        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 0)
    elif sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 (Windows only)

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
