"""A file system in memory that fails on demand and forgets what was not synced.

Provides ``twistedmq.store.files_layer.Files``.
"""
# ruff: noqa: D102 (files_layer says it)

import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from twistedmq.protocol.command import Buffer
from twistedmq.store.disk_use import DiskUse
from twistedmq.store.files_layer import write_all
from twistedmq.store.workers import Workers
from twistedmq.testing.syncs import SyncsBy

_GIB = 1 << 30


class _Content:
    """The bytes of one file: what programs see, and what the disk holds."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.synced = bytearray()
        self.dirty: list[tuple[int, int]] = []
        """Start and end of what was written since the last sync, failed or not."""
        self.modified_ns = 0

    def copy(self) -> "_Content":
        other = _Content()
        other.data = bytearray(self.data)
        other.synced = bytearray(self.synced)
        other.dirty = list(self.dirty)
        other.modified_ns = self.modified_ns
        return other

    def sync(self) -> None:
        del self.synced[len(self.data) :]
        self.synced.extend(bytes(len(self.data) - len(self.synced)))
        for start, end in self.dirty:
            part = self.data[start:end]
            self.synced[start : start + len(part)] = part
        self.dirty.clear()


class _FakeFile:
    def __init__(self, files: "FakeFiles", path: Path, content: _Content) -> None:
        self._files = files
        self._path = path
        self._content = content

    def write(self, data: Buffer | bytearray, offset: int) -> int:
        allowed = self._files.before_write(self._path, len(data))
        content = self._content
        end = offset + allowed
        if len(content.data) < end:
            content.data.extend(bytes(end - len(content.data)))
        content.data[offset:end] = data[:allowed]
        content.dirty.append((offset, end))
        content.modified_ns = self._files.tick()
        return allowed

    def read(self, size: int, offset: int) -> Buffer:
        found = bytes(self._content.data[offset : offset + size])
        self._files.bytes_read += len(found)
        return found

    def read_resident(self, size: int, offset: int) -> Buffer | None:
        return None if self._files.cold else self.read(size, offset)

    def pieces_resident(
        self, starts: Sequence[int], ends: Sequence[int], base: int
    ) -> list[Buffer] | None:
        if self._files.cold:
            return None
        pairs = zip(starts, ends, strict=True)
        return [self.read(end - start, start - base) for start, end in pairs]

    def next_data(self, offset: int) -> int:
        rest = self._content.data[offset:]
        return self.size() - len(rest.lstrip(b"\0"))

    def read_ahead(self, wanted: bool) -> None:
        self._files.read_ahead[self._path] = wanted

    def sync(self) -> None:
        try:
            self._files.before_sync(self._path)
        except OSError:
            # As Linux does: the pages stay, and nobody will write them any more.
            self._content.dirty.clear()
            raise
        self._content.sync()

    def resize(self, size: int) -> None:
        self._files.before_change(self._path)
        data = self._content.data
        self._content.dirty.append((size, len(data)))
        if size < len(data):
            del data[size:]
        else:
            data.extend(bytes(size - len(data)))
        self._content.modified_ns = self._files.tick()

    def size(self) -> int:
        return len(self._content.data)


class FakeFiles:
    """Files in memory. Give the store small file sizes: nothing is sparse here."""

    def __init__(self) -> None:
        self.room_bytes: int | None = None
        """How much may still be written before the disk is full; None: no limit."""
        self.fail_sync = False
        """Whether syncing gives an I/O error; what was to be synced is lost then."""
        self.fail_write: int | None = None
        """The error number that writing gives, if it fails."""
        self.read_only = False
        """Whether nothing can be changed."""
        self.cold = False
        """Whether every read would wait for the disk."""
        self.disk = DiskUse(10 * _GIB, 90 * _GIB, 100 * _GIB)
        """How full the disk says it is; whether writes fail is ``room_bytes``."""
        self.disks: dict[Path, DiskUse] = {}
        """The same for folders that are on disks of their own."""
        self.stuck: set[Path] = set()
        """Files that cannot be removed: an I/O error."""
        self.syncs_by: Workers | None = None
        """Who syncs single files when ``kernel_syncs`` is asked for; None: nobody."""
        self.now_ns: Callable[[], int] = lambda: 0
        """The clock of the files; they change at that time or a little later."""
        self.boots = 0
        """How often the machine was started again."""
        self.read_ahead: dict[Path, bool] = {}
        """What was said of each file of which it was said."""
        self.writes = 0
        self.syncs = 0
        self.bytes_read = 0
        self.on_sync: Callable[[Path], None] = lambda _path: None
        self._contents: dict[Path, _Content] = {}
        self._folders: set[Path] = set()
        self._locked: set[Path] = set()
        self._ticks = 0

    # What the store calls.

    def open(self, path: Path, *, create: bool = False) -> _FakeFile:
        if path not in self._contents:
            if not create:
                raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
            self.before_change(path)
            if self.room_bytes == 0:
                raise OSError(errno.ENOSPC, "no space left", str(path))
            self._contents[path] = _Content()
            self.make_folder(path.parent)
        return _FakeFile(self, path, self._contents[path])

    def write_at(self, path: str, data: Buffer | bytearray, offset: int) -> None:
        write_all(self.open(Path(path)), data, offset)

    def list(self, path: Path) -> Sequence[str]:
        known = {p.name for p in self._contents if p.parent == path}
        return sorted(known | {p.name for p in self._folders if p.parent == path})

    def size(self, path: Path) -> int | None:
        content = self._contents.get(path)
        return None if content is None else len(content.data)

    def modified_ns(self, path: Path) -> int:
        if path not in self._contents:
            raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
        return self._contents[path].modified_ns

    def is_folder(self, path: Path) -> bool:
        return path in self._folders

    def make_folder(self, path: Path) -> None:
        if path not in self._folders:
            self.before_change(path)
        while path != path.parent:
            self._folders.add(path)
            path = path.parent

    def rename(self, source: Path, target: Path) -> None:
        self.before_change(target)
        if source in self._folders:
            inside = [p for p in self._contents if source in p.parents]
            for path in inside:
                moved = target / path.relative_to(source)
                self._contents[moved] = self._contents.pop(path)
            self._folders -= {p for p in self._folders if source in (p, *p.parents)}
            for path in inside:
                self.make_folder((target / path.relative_to(source)).parent)
            return
        self._contents[target] = self._contents.pop(source)
        self.make_folder(target.parent)

    def remove(self, path: Path) -> None:
        if path in self.stuck:
            raise OSError(errno.EIO, "cannot be removed", str(path))
        if self._contents.pop(path, None) is not None:
            return
        for known in [p for p in self._contents if path in p.parents]:
            del self._contents[known]
        self._folders -= {p for p in self._folders if path in (p, *p.parents)}

    def kernel_syncs(self, reactor: Any) -> SyncsBy | None:
        return None if self.syncs_by is None else SyncsBy(self.syncs_by)

    def whole_disk(self, path: Path) -> None:
        """There is none: each file is synced by itself."""

    def sync_folder(self, path: Path) -> None:
        """Names are safe at once here."""

    def lock(self, path: Path) -> object:
        self.before_change(path)
        if path in self._locked:
            raise BlockingIOError(errno.EAGAIN, "locked", str(path))
        self._locked.add(path)
        return _FakeLock(self._locked, path)

    def disk_use(self, path: Path) -> DiskUse:
        longest = max(
            (p for p in self.disks if p in (path, *path.parents)),
            key=lambda p: len(p.parts),
            default=None,
        )
        return self.disk if longest is None else self.disks[longest]

    def boot_id(self) -> str:
        return f"boot {self.boots}"

    # What tests do.

    def copy(self) -> "FakeFiles":
        """Give another file system with the same files, which nobody has locked."""
        other = FakeFiles()
        other._contents = {p: c.copy() for p, c in self._contents.items()}
        other._folders = set(self._folders)
        other._ticks = self._ticks
        return other

    def kill_power(self) -> None:
        """Forget whatever was not synced; the names of files stay."""
        for content in self._contents.values():
            content.data[:] = content.synced
        self.boots += 1
        self._locked.clear()

    def kill_program(self) -> None:
        """Let go of the locks that an abandoned store holds; all bytes stay."""
        self._locked.clear()

    def forget_synced(self, path: Path) -> None:
        """Have the disk hold nothing of *path*, as if no sync had ever worked."""
        self._contents[path].synced.clear()

    def content(self, path: Path) -> bytearray:
        """Give the bytes of *path*, to look at or to spoil."""
        return self._contents[path].data

    def paths(self) -> Sequence[Path]:
        """Give the paths of all files."""
        return sorted(self._contents)

    # What files ask.

    def before_write(self, path: Path, size: int) -> int:
        """Say how many of *size* bytes fit; raises when none does."""
        self.before_change(path)
        self.writes += 1
        if self.fail_write is not None:
            raise OSError(self.fail_write, os.strerror(self.fail_write), str(path))
        if self.room_bytes is None:
            return size
        if self.room_bytes <= 0:
            raise OSError(errno.ENOSPC, "no space left", str(path))
        allowed = min(size, self.room_bytes)
        self.room_bytes -= allowed
        return allowed

    def before_change(self, path: Path) -> None:
        """Raise if nothing can be changed."""
        if self.read_only:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    def before_sync(self, path: Path) -> None:
        """Count a sync; raises if syncing fails."""
        self.syncs += 1
        self.on_sync(path)
        if self.fail_sync:
            raise OSError(errno.EIO, "sync failed", str(path))

    def tick(self) -> int:
        """Give a time that rises."""
        self._ticks = max(self._ticks + 1, self.now_ns())
        return self._ticks


class _FakeLock:
    def __init__(self, locked: set[Path], path: Path) -> None:
        self._locked = locked
        self._path = path

    def __del__(self) -> None:
        self._locked.discard(self._path)
