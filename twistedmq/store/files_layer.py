"""The only way to the disk: a small object that opens, lists, renames and syncs files.

The store and the JSON files are given one; tests give
``twistedmq.testing.fake_files.FakeFiles``, which can fail on demand. Every method may
be called in any thread.
"""
# ruff: noqa: D102 (the two protocols say it for their implementations)

import errno
import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFDSet

from twistedmq.protocol.command import Buffer
from twistedmq.store.disk_use import DiskUse
from twistedmq.store.file_lock import FileLock
from twistedmq.store.kernel_syncs import KernelSyncs
from twistedmq.store.mapped_view import MappedView
from twistedmq.store.platform import Capabilities, boot_id
from twistedmq.store.whole_disk import WholeDisk

_BINARY = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class OpenFile(Protocol):
    """A file open for reading and writing at given places.

    It closes when the last one who holds it lets go, so that a cache may drop it while
    a thread still reads.
    """

    def write(self, data: Buffer | bytearray, offset: int) -> int:
        """Write *data* at *offset*; gives how many bytes went in, perhaps too few."""

    def read(self, size: int, offset: int) -> Buffer:
        """Give up to *size* bytes from *offset*; fewer at the end of the file."""

    def read_resident(self, size: int, offset: int) -> Buffer | None:
        """Do the same if no disk must be waited for, else (or if unsure) give None."""

    def pieces_resident(
        self, starts: Sequence[int], ends: Sequence[int], base: int
    ) -> list[Buffer] | None:
        """Give the bytes from each start to each end, rising, if no disk is waited for.

        Else, or if unsure, give None. The file's first byte counts as *base*.
        """

    def next_data(self, offset: int) -> int:
        """Give a place from *offset* on before which there are only zeros.

        That is the size of the file where nothing else follows. It may be given too
        early: whoever asks looks at what is there.
        """

    def read_ahead(self, wanted: bool) -> None:
        """Say whether ``read`` may have the system read more than it is asked for.

        It may unless it is told otherwise. A hint, which need not be followed.
        """

    def sync(self) -> None:
        """Return when everything written is on the disk."""

    def resize(self, size: int) -> None:
        """Cut to *size* bytes, or grow with zeros that take no space."""

    def size(self) -> int:
        """Give the size in bytes."""


class FileSyncs(Protocol):
    """Syncs files one at a time, while the program goes on."""

    def sync(self, file: Any) -> "Deferred[None]":
        """Fires when everything written to *file* is on the disk; else fails: OSError.

        It was opened by the one who gave this.

        Raises:
            OSError: this file cannot be synced in this way.
        """

    def stop(self) -> None:
        """Wait for what runs; nobody is told of it any more."""


class Files(Protocol):
    """The file system, as far as the store uses it. Failures are OSErrors."""

    def open(self, path: Path, *, create: bool = False) -> OpenFile:
        """Open *path*; with *create*, make it and its folders if need be."""

    def write_at(self, path: str, data: Buffer | bytearray, offset: int) -> None:
        """Write all of *data* at *offset* to file *path*, which is not kept open.

        Raises:
            FileNotFoundError: it is missing.
        """

    def list(self, path: Path) -> Sequence[str]:
        """Give the sorted names in folder *path*; none if there is no such folder."""

    def size(self, path: Path) -> int | None:
        """Give the size of file *path*; None if it is no file."""

    def modified_ns(self, path: Path) -> int:
        """Give the time of the last change of *path*."""

    def is_folder(self, path: Path) -> bool:
        """Say whether *path* is a folder."""

    def make_folder(self, path: Path) -> None:
        """Make folder *path* and its parents where they are missing."""

    def rename(self, source: Path, target: Path) -> None:
        """Put *source* in the place of *target* in one step."""

    def remove(self, path: Path) -> None:
        """Remove a file, or a folder with all that is in it; no error if missing."""

    def sync_folder(self, path: Path) -> None:
        """Return when the names in folder *path* are on the disk."""

    def whole_disk(self, path: Path) -> WholeDisk | None:
        """Give what syncs the whole disk of *path* at once, written from now on.

        None where that cannot be done.
        """

    def kernel_syncs(self, reactor: Any) -> FileSyncs | None:
        """Give what syncs files without a thread, if *reactor* can wait for it.

        None where that cannot be done.
        """

    def lock(self, path: Path) -> object:
        """Lock *path* against other programs until the result is let go.

        Raises:
            BlockingIOError: another program holds the lock.
        """

    def disk_use(self, path: Path) -> DiskUse:
        """Give how full the disk is on which *path* is, or would be made."""

    def boot_id(self) -> str:
        """Name this run of the machine; empty if it has no name.

        What was written in the same run is still there, synced or not.
        """


def write_all(file: OpenFile, data: Buffer | bytearray, offset: int) -> None:
    """Write all of *data*, in several writes where need be.

    Raises:
        OSError: some of it was perhaps written.
    """
    done = file.write(data, offset)
    if done == len(data):
        return
    rest = memoryview(data)
    while done < len(data):
        written = file.write(rest[done:], offset + done)
        if not written:
            raise OSError(errno.ENOSPC, "nothing more can be written")
        done += written


class _RealFile:
    """A file of the operating system, by positional reads and writes."""

    def __init__(self, path: Path, descriptor: int, capabilities: Capabilities) -> None:
        self.path = path
        self._fd = descriptor
        self._no_wait = capabilities.no_wait
        self._mapped = capabilities.mapped
        self._view: MappedView | None = None
        self._data_sync = capabilities.data_sync
        self._holes = capabilities.holes
        self._advice = capabilities.advice
        self._ahead = True

    def __del__(self) -> None:
        os.close(self._fd)

    def _named(self, error: OSError) -> OSError:
        """Have *error* say which file it is about."""
        error.filename = error.filename or str(self.path)
        return error

    def fileno(self) -> int:
        return self._fd

    def write(self, data: Buffer | bytearray, offset: int) -> int:
        try:
            return os.pwrite(self._fd, data, offset)
        except OSError as error:
            raise self._named(error) from None

    def read(self, size: int, offset: int) -> Buffer:
        try:
            return os.pread(self._fd, size, offset)
        except OSError as error:
            raise self._named(error) from None

    def read_resident(self, size: int, offset: int) -> Buffer | None:
        if not self._no_wait:
            return None
        buffer = bytearray(size)
        try:
            count = os.preadv(self._fd, (buffer,), offset, os.RWF_NOWAIT)
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
                raise
            self._no_wait = False  # this file system cannot
            return None
        return memoryview(buffer) if count == size else None

    def pieces_resident(
        self, starts: Sequence[int], ends: Sequence[int], base: int
    ) -> list[Buffer] | None:
        if self._mapped and len(starts) > 1:
            if self._view is None:
                self._map()
            if (
                self._view
                and (found := self._view.pieces(starts, ends, base)) is not None
            ):
                return found
        pieces = []
        for start, end in zip(starts, ends, strict=True):
            piece = self.read_resident(end - start, start - base)
            if piece is None:
                return None
            pieces.append(piece)
        return pieces

    def _map(self) -> None:
        try:
            self._view = MappedView(self._fd)
        except (OSError, ValueError):
            self._mapped = False  # this file system cannot

    def next_data(self, offset: int) -> int:
        size = self.size()
        if not self._holes or offset >= size:
            return min(offset, size)
        try:
            return os.lseek(self._fd, offset, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return size
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
                raise
            self._holes = False  # this file system cannot
            return offset

    def read_ahead(self, wanted: bool) -> None:
        if wanted == self._ahead or not self._advice:
            return
        self._ahead = wanted
        advice = os.POSIX_FADV_NORMAL if wanted else os.POSIX_FADV_RANDOM
        os.posix_fadvise(self._fd, 0, 0, advice)

    def sync(self) -> None:
        try:
            if self._data_sync:
                os.fdatasync(self._fd)
            else:
                _full_sync(self._fd)
        except OSError as error:
            raise self._named(error) from None

    def resize(self, size: int) -> None:
        try:
            os.ftruncate(self._fd, size)
        except OSError as error:
            raise self._named(error) from None

    def size(self) -> int:
        return os.fstat(self._fd).st_size


class _SeekingFile(_RealFile):
    """The same where the platform has no positional reads and writes."""

    def __init__(self, path: Path, descriptor: int, capabilities: Capabilities) -> None:
        super().__init__(path, descriptor, capabilities)
        self._lock = Lock()

    def write(self, data: Buffer | bytearray, offset: int) -> int:
        try:
            with self._lock:
                os.lseek(self._fd, offset, os.SEEK_SET)
                return os.write(self._fd, data)
        except OSError as error:
            raise self._named(error) from None

    def read(self, size: int, offset: int) -> Buffer:
        with self._lock:
            os.lseek(self._fd, offset, os.SEEK_SET)
            pieces = []
            while size > 0 and (piece := os.read(self._fd, size)):
                pieces.append(piece)
                size -= len(piece)
        return b"".join(pieces)


class RealFiles:
    """The file system of the machine."""

    def __init__(
        self, capabilities: Capabilities | None = None, *, read_only: bool = False
    ) -> None:
        """With *read_only*, files are opened for reading, and none is made."""
        self._capabilities = capabilities or Capabilities.detect()
        self._read_only = read_only
        self._boot_id = boot_id()
        self._file = _RealFile if self._capabilities.positional else _SeekingFile

    def open(self, path: Path, *, create: bool = False) -> OpenFile:
        flags = (os.O_RDONLY if self._read_only else os.O_RDWR) | _BINARY
        create = create and not self._read_only
        try:
            descriptor = os.open(path, flags | (os.O_CREAT if create else 0), 0o644)
        except FileNotFoundError:
            if not create:
                raise
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, flags | os.O_CREAT, 0o644)
        return self._file(path, descriptor, self._capabilities)

    def write_at(self, path: str, data: Buffer | bytearray, offset: int) -> None:
        written = 0
        if self._capabilities.positional:
            # Without an object for it, which would take as long as the system does.
            flags = (os.O_RDONLY if self._read_only else os.O_WRONLY) | _BINARY
            descriptor = os.open(path, flags)
            try:
                written = os.pwrite(descriptor, data, offset)
            except OSError as error:
                error.filename = path
                raise
            finally:
                os.close(descriptor)
        if written < len(data):
            rest = memoryview(data)[written:]
            write_all(self.open(Path(path)), rest, offset + written)

    def list(self, path: Path) -> Sequence[str]:
        try:
            return sorted(os.listdir(path))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def size(self, path: Path) -> int | None:
        try:
            found = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def modified_ns(self, path: Path) -> int:
        return path.stat().st_mtime_ns

    def is_folder(self, path: Path) -> bool:
        return path.is_dir()

    def make_folder(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)

    def rename(self, source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)

    def remove(self, path: Path) -> None:
        if path.is_dir() and not path.is_symlink():
            for name in os.listdir(path):
                self.remove(path / name)
            path.rmdir()
        else:
            path.unlink(missing_ok=True)

    def sync_folder(self, path: Path) -> None:
        if not self._capabilities.directory_sync:
            return
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def whole_disk(self, path: Path) -> WholeDisk | None:
        return WholeDisk(path) if self._capabilities.whole_disk else None

    def kernel_syncs(self, reactor: Any) -> FileSyncs | None:
        if not (self._capabilities.kernel_syncs and IReactorFDSet.providedBy(reactor)):
            return None
        try:
            return KernelSyncs(reactor)
        except OSError:  # forbidden in some sandboxes
            return None

    def lock(self, path: Path) -> object:
        path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(path, self._capabilities.record_locks)

    def disk_use(self, path: Path) -> DiskUse:
        while not path.exists() and path != path.parent:
            path = path.parent
        usage = shutil.disk_usage(path)
        return DiskUse(usage.used, usage.free, usage.total)

    def boot_id(self) -> str:
        return self._boot_id


def _full_sync(descriptor: int) -> None:
    """Sync; on macOS also past the cache of the drive."""
    try:
        import fcntl  # noqa: PLC0415 (not everywhere)

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)  # type: ignore[attr-defined]
    except (ImportError, AttributeError, OSError):
        os.fsync(descriptor)
