"""Files of a store that is only looked at, on a disk that may be failing.

What the disk refuses to give is read as zeros, sector by sector, and remembered; what
would change something is refused.
"""
# ruff: noqa: D102 (files_layer says it)

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from twistedmq.protocol.command import Buffer
from twistedmq.store.disk_use import DiskUse
from twistedmq.store.files_layer import Files, OpenFile

_SECTOR_BYTES: Final = 4096
_MOST_REMEMBERED: Final = 1000

Refused = tuple[Path, int, int, str]
"""A file, from where to where, and what the system said."""


class ReadingFiles:
    """Provides Files over other ones."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.refused: list[Refused] = []
        """What could not be read, the first places of it."""

    def remember(self, path: Path, start: int, end: int, why: str) -> None:
        """Remember a place that cannot be read."""
        for at, (known, first, last, _) in enumerate(self.refused):
            if known == path and first <= start <= last:
                self.refused[at] = known, first, max(last, end), why
                return
        if len(self.refused) < _MOST_REMEMBERED:
            self.refused.append((path, start, end, why))

    def open(self, path: Path, *, create: bool = False) -> OpenFile:
        return _ReadingFile(self, path, self._files.open(path))

    def write_at(self, path: str, data: Buffer | bytearray, offset: int) -> None:
        _refuse(Path(path))

    def list(self, path: Path) -> Sequence[str]:
        return self._files.list(path)

    def size(self, path: Path) -> int | None:
        return self._files.size(path)

    def modified_ns(self, path: Path) -> int:
        return self._files.modified_ns(path)

    def is_folder(self, path: Path) -> bool:
        return self._files.is_folder(path)

    def disk_use(self, path: Path) -> DiskUse:
        return self._files.disk_use(path)

    def boot_id(self) -> str:
        return self._files.boot_id()

    def make_folder(self, path: Path) -> None:
        _refuse(path)

    def rename(self, source: Path, target: Path) -> None:
        _refuse(source)

    def remove(self, path: Path) -> None:
        _refuse(path)

    def whole_disk(self, path: Path) -> None:
        """Nothing is written that would have to be synced."""

    def kernel_syncs(self, reactor: Any) -> None:
        """Nor so."""

    def sync_folder(self, path: Path) -> None:
        _refuse(path)

    def lock(self, path: Path) -> object:
        _refuse(path)


class _ReadingFile:
    def __init__(self, files: ReadingFiles, path: Path, file: OpenFile) -> None:
        self._files = files
        self._path = path
        self._file = file

    def read(self, size: int, offset: int) -> Buffer:
        try:
            return self._file.read(size, offset)
        except OSError:
            return self._read_by_sectors(size, offset)

    def _read_by_sectors(self, size: int, offset: int) -> bytes:
        size = max(min(size, self._file.size() - offset), 0)
        found = bytearray(size)
        at = 0
        while at < size:
            start = offset + at
            step = min(_SECTOR_BYTES - start % _SECTOR_BYTES, size - at)
            try:
                piece = self._file.read(step, start)
                found[at : at + len(piece)] = piece
            except OSError as error:
                why = error.strerror or str(error)
                self._files.remember(self._path, start, start + step, why)
            at += step
        return bytes(found)

    def read_resident(self, size: int, offset: int) -> Buffer | None:
        return self.read(size, offset)

    def pieces_resident(
        self, starts: Sequence[int], ends: Sequence[int], base: int
    ) -> list[Buffer] | None:
        pairs = zip(starts, ends, strict=True)
        return [self.read(end - start, start - base) for start, end in pairs]

    def next_data(self, offset: int) -> int:
        try:
            return self._file.next_data(offset)
        except OSError:
            return offset

    def read_ahead(self, wanted: bool) -> None:
        self._file.read_ahead(wanted)

    def size(self) -> int:
        return self._file.size()

    def write(self, data: Buffer | bytearray, offset: int) -> int:
        _refuse(self._path)

    def sync(self) -> None:
        _refuse(self._path)

    def resize(self, size: int) -> None:
        _refuse(self._path)


def _refuse(path: Path) -> NoReturn:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
