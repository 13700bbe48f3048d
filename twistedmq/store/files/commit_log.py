"""The commit log: all records in a row, in files (segments) of one size.

A segment is made sparse at its full size, because the genuine broker opens only such
ones. Bytes are written with positional writes rather than through a mapping: they cost
about the same in batches, and a full disk is an error then instead of a signal.
"""

import errno
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from twistedmq.protocol.command import Buffer
from twistedmq.protocol.record import BLANK_MAGIC
from twistedmq.store.errors import StoreOpenError
from twistedmq.store.files.log_folders import LogFolders
from twistedmq.store.files.open_files import OpenFiles
from twistedmq.store.files_layer import Files, OpenFile, write_all
from twistedmq.store.log_scan import BLANK, BLANK_BYTES
from twistedmq.store.queue_reading import NotResidentError

_HOT_BYTES: Final = 64 * 1024 * 1024
"""Without reads that do not wait, the last so many bytes are taken to be in memory."""


class CommitLog:
    """Appends and reads bytes by physical offset; knows segments, not records."""

    def __init__(
        self,
        files: Files,
        folders: LogFolders | Path,
        segment_bytes: int,
        open_files: OpenFiles,
    ) -> None:
        """A path stands for one folder that holds the whole log."""
        if isinstance(folders, Path):
            folders = LogFolders(files, [folders])
        self._folders = folders
        self._files = files
        self._segment_bytes = segment_bytes
        self._open = open_files
        self._bases: list[int] = []
        self._file: OpenFile | None = None
        self._unsynced: dict[int, OpenFile] = {}
        self.end = 0
        """The physical offset of the next record."""
        self.room = 0
        """How many bytes of records the current segment still takes."""
        self.broken: str | None = None
        """Why nothing may be appended any more, if so."""
        self.reads_ahead = True
        """Whether the system may read more than ``read`` asks for."""
        self.short: tuple[int, StoreOpenError] | None = None
        """Where the first segment ends that is too short and has others behind it."""

    @property
    def min_offset(self) -> int:
        """The physical offset of the first byte kept."""
        return self._bases[0] if self._bases else self._base_of(self.end)

    @property
    def is_at_segment_start(self) -> bool:
        """Whether the next record begins a segment."""
        return self.end % self._segment_bytes == 0

    @property
    def bases(self) -> list[int]:
        """The physical offsets at which the segments begin."""
        return self._bases

    def load(self) -> None:
        """Find the segments; the end is that of the last file until it is set.

        Raises:
            StoreOpenError: sizes or names do not fit each other or the settings.
        """
        names = self._folders.load()
        if names and not self._files.size(self._path(int(names[-1]))()):
            base = int(names.pop())
            self._folders.remove(base, base // self._segment_bytes)
        for name in names:
            self._check_segment(name, last=name == names[-1])
        end = 0
        if names:
            end = self._bases[-1]
            end += self._files.size(self._path(end)()) or 0
        self._move_end(end)

    def _check_segment(self, name: str, last: bool) -> None:
        base, wanted = int(name), self._segment_bytes
        path = self._path(base)()
        size = self._files.size(path)
        if size is None or size != wanted:
            problem = StoreOpenError(
                path.parent,
                f"its file {name} has {size} bytes, but mappedFileSizeCommitLog is "
                f"{wanted}",
            )
            if size is None or size > wanted:
                raise problem
            if not last and self.short is None:
                self.short = base + size, problem
        if base % wanted or (self._bases and base != self._bases[-1] + wanted):
            raise StoreOpenError(
                path.parent,
                f"the file before {name} is missing, or mappedFileSizeCommitLog is "
                f"not {wanted}",
            )
        self._bases.append(base)

    # Reading

    def next_data(self, offset: int) -> int:
        """Give a place from *offset* on before which there are only zeros, or nothing.

        That is the end of the log where nothing else follows.
        """
        while offset < self.end:
            base = self._base_of(offset)
            file = self._segment(base)
            at = base + file.next_data(offset - base)
            if at < base + file.size():
                return min(at, self.end)
            offset = base + self._segment_bytes
        return self.end

    def read(self, size: int, offset: int) -> Buffer:
        """Give bytes, waiting for the disk; fewer at the end of the segment or log."""
        base = self._base_of(offset)
        size = min(size, self.end - offset)
        if size <= 0 or offset < self.min_offset:
            return b""
        segment = self._segment(base)
        segment.read_ahead(self.reads_ahead)
        return segment.read(size, offset - base)

    def read_resident(self, size: int, offset: int) -> Buffer:
        """Give bytes that are in memory.

        Raises:
            NotResidentError: they are not, or it is not known.
        """
        base = self._base_of(offset)
        size = min(size, self.end - offset, base + self._segment_bytes - offset)
        if size <= 0 or offset < self.min_offset:
            return b""
        segment = self._segment(base)
        found = segment.read_resident(size, offset - base)
        if found is None:
            if offset < self.end - _HOT_BYTES or self._base_of(self.end) > base:
                raise NotResidentError
            return segment.read(size, offset - base)
        return found

    def pieces(self, starts: Sequence[int], ends: Sequence[int]) -> list[Buffer]:
        """Give the bytes from each start to each end, waiting for the disk."""
        return [self.read(b - a, a) for a, b in zip(starts, ends, strict=True)]

    def pieces_resident(
        self, starts: Sequence[int], ends: Sequence[int]
    ) -> list[Buffer]:
        """Give the bytes from each start to each end, all of which are in memory.

        Raises:
            NotResidentError: they are not, or it is not known.
        """
        low, high = starts[0], ends[-1]
        base = self._base_of(low)
        if self.min_offset <= low <= high <= min(self.end, base + self._segment_bytes):
            found = self._segment(base).pieces_resident(starts, ends, base)
            if found is not None:
                return found
        return [self.read_resident(b - a, a) for a, b in zip(starts, ends, strict=True)]

    def _base_of(self, offset: int) -> int:
        return offset - offset % self._segment_bytes

    def segment_end(self, offset: int) -> int:
        """Give the physical offset at which the segment of *offset* ends."""
        return self._base_of(offset) + self._segment_bytes

    def _path(self, base: int) -> Callable[[], Path]:
        return lambda: self._folders.path(base, base // self._segment_bytes)

    def _segment(self, base: int, create: bool = False) -> OpenFile:
        size = self._segment_bytes if create else 0
        return self._open.get(base, self._path(base), size)

    # Appending

    def append(self, data: bytes) -> None:
        """Add *data*, whole records that fit into ``room``.

        Raises:
            OSError: nothing was added.
        """
        file = self._file or self._open_current()
        try:
            write_all(file, data, self.end % self._segment_bytes)
        except OSError:
            self.restore(self.end)
            raise
        self.end += len(data)
        self.room -= len(data)

    def append_raw(self, data: memoryview) -> None:
        """Add bytes that may end anywhere and go on in the next segment."""
        start = self.end
        try:
            while data:
                left = self.segment_end(self.end) - self.end
                file = self._file or self._open_current()
                write_all(file, data[:left], self.end % self._segment_bytes)
                self._move_end(self.end + len(data[:left]))
                data = data[left:]
        except OSError:
            self.restore(start)
            raise

    def blank(self) -> None:
        """End the current segment; the next record goes into a new one.

        Raises:
            OSError: the log is as it was.
        """
        left = self.segment_end(self.end) - self.end
        file = self._file or self._open_current()
        try:
            position = self.end % self._segment_bytes
            write_all(file, BLANK.pack(left, BLANK_MAGIC), position)
        except OSError:
            self.restore(self.end)
            raise
        self._move_end(self.end + left)

    def _open_current(self) -> OpenFile:
        base = self._base_of(self.end)
        file = self._file = self._segment(base, create=True)
        if not self._bases or self._bases[-1] != base:
            self._bases.append(base)
        self._unsynced[base] = file
        return file

    def _move_end(self, end: int) -> None:
        if self._base_of(end) != self._base_of(self.end) or not self.room:
            self._file = None
        self.end = end
        self.room = max(self.segment_end(end) - end - BLANK_BYTES, 0)

    def set_end(self, end: int) -> None:
        """Note that the log ends at *end*, behind which there are zeros already."""
        self._file = None
        self._move_end(end)

    def restore(self, end: int) -> None:
        """Make the log end at *end* again, after writes of which one failed."""
        try:
            self.truncate(end)
        except OSError as error:
            self.broken = f"the end of the log could not be restored: {error}"

    def truncate(self, end: int) -> None:
        """Cut everything from *end* on, zeros behind it."""
        base = self._base_of(end)
        gone = [b for b in self._bases if b > base or b == base == end]
        for later in reversed(gone):  # no gap is left, wherever it may end
            self._open.drop(later)
            self._unsynced.pop(later, None)
            self._folders.remove(later, later // self._segment_bytes)
            self._bases.remove(later)
        self._file = None
        self._move_end(end)
        if self._bases and base == self._bases[-1]:
            file = self._segment(base)
            file.resize(end - base)
            file.resize(self._segment_bytes)
            self._unsynced[base] = file

    # Deleting

    def oldest(self) -> tuple[int, Path] | None:
        """Give base and path of the first segment; None if it is the last one too."""
        if len(self._bases) < 2:
            return None
        return self._bases[0], self._path(self._bases[0])()

    def forget(self, base: int) -> None:
        """Begin behind the first segment, which the caller removes.

        Those who have its file open may read on.
        """
        assert base == self._bases[0]
        self._bases = self._bases[1:]  # a thread may go through the old list
        self._open.drop(base)
        self._unsynced.pop(base, None)

    def forgotten(self, base: int) -> None:
        """Let go of a removed file, which a thread may have opened again."""
        self._open.drop(base)
        self._folders.forget(base)

    def take_back(self, base: int) -> None:
        """Begin at *base* again: the file could not be removed."""
        self._bases = [base, *self._bases]

    # Syncing

    def mend(self) -> None:
        """Try once more what ``restore`` could not do.

        Raises:
            OSError: it cannot be done yet.
        """
        if self.broken:
            self.truncate(self.end)
            self.broken = None

    def reopen(self, offset: int) -> None:
        """Open the files from *offset* on anew, and sync them next time."""
        self._file = None
        for base in self._bases:
            if base + self._segment_bytes > offset:
                self._open.drop(base)
                self._unsynced[base] = self._segment(base)

    def overwrite(self, data: bytes, offset: int) -> None:
        """Write *data*, which is there already, once more."""
        base = self._base_of(offset)
        write_all(self._segment(base), data, offset - base)

    def must_sync(self, offset: int) -> None:
        """Have the next sync cover everything from *offset* on."""
        for base in self._bases:
            if base + self._segment_bytes > offset:
                self._unsynced[base] = self._segment(base)

    def sync(self) -> int:
        """Sync what was written; gives the end up to which it is on the disk.

        For a thread; at most one at a time.

        Raises:
            OSError: nothing since the last sync may be relied on.
        """
        if self.broken:
            raise OSError(errno.EIO, self.broken)
        end = self.end
        current = self._base_of(end)
        for base, file in list(self._unsynced.items()):
            file.sync()
            self.check_there(base)
            if base != current:
                self._unsynced.pop(base, None)
        self._folders.sync()
        return end

    def alone_unsynced(self) -> tuple[int, OpenFile] | None:
        """Give base and file of the current segment if ``sync`` would sync just that.

        None where it would do more, or raise.
        """
        base = self._base_of(self.end)
        file = self._unsynced.get(base)
        if (
            file is None
            or len(self._unsynced) > 1
            or self._folders.are_to_be_synced
            or self.broken
        ):
            return None
        return base, file

    def check_there(self, base: int) -> None:
        """See that the segment at *base*, which was synced, still has its name.

        Raises:
            FileNotFoundError: it has not.
        """
        path = self._path(base)()
        if self._files.size(path) is None:
            raise FileNotFoundError(
                errno.ENOENT, "it was removed while it was in use", str(path)
            )
