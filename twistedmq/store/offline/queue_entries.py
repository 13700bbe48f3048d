"""The entries of one consume queue, plain or batch, as its files have them."""

from collections import OrderedDict
from collections.abc import Iterator
from struct import Struct as Layout
from typing import Final

from msgspec import Struct

from twistedmq.store.files.paths import file_name
from twistedmq.store.files_layer import Files, OpenFile
from twistedmq.store.offline.directory import QueueFolder
from twistedmq.store.queue_state import ENTRY, FILLER_SIZE

BATCH_ENTRY: Final = Layout(">qiqqqhii")
"""Physical offset, size, tags code, store time, first queue offset, count, two more."""
EXTENDED_TAGS_CODE: Final = -(1 << 31) - 1
"""Codes up to this are places in the extended unit file (upstream: ConsumeQueueExt)."""
_EXTENDED_UNIT: Final = Layout(">hqqh")
_OPEN_FILES: Final = 64
_BLOCK_ENTRIES: Final = 2048


class Entry(Struct):
    """One entry."""

    position: int
    """How many entries stand before it, removed ones counted."""
    queue_offset: int
    physical_offset: int
    size: int
    tags_code: int
    count: int = 1
    store_ms: int = 0
    """Batch queues only."""

    @property
    def is_filler(self) -> bool:
        """Whether it stands for messages that never were here."""
        return self.size == FILLER_SIZE and not self.physical_offset


class QueueReader:
    """Reads entries of any queue; keeps some files open."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._open: OrderedDict[tuple[str, int, int], OpenFile | None] = OrderedDict()

    def raw(self, folder: QueueFolder, position: int, count: int) -> bytes:
        """Give packed entries from *position* on; those of no file are zeros."""
        size, file_bytes = folder.entry_bytes, folder.file_bytes
        at, left = position * size, count * size
        pieces = []
        while left > 0:
            base = at - at % file_bytes
            step = min(left, base + file_bytes - at)
            file = self._file(folder, base)
            data = bytes(file.read(step, at - base)) if file is not None else b""
            pieces.append(data.ljust(step, b"\0"))
            at += step
            left -= step
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _file(self, folder: QueueFolder, base: int) -> OpenFile | None:
        key = folder.topic, folder.queue_id, base
        if key in self._open:
            return self._open[key]
        file = None
        if base in folder.bases:
            file = self._files.open(folder.path / file_name(base))
        self._open[key] = file
        if len(self._open) > _OPEN_FILES:
            self._open.popitem(last=False)
        return file

    def entry(self, folder: QueueFolder, position: int) -> Entry:
        """Give one entry; zeros where no file has it."""
        return unpacked(folder, position, self.raw(folder, position, 1))

    def entries(
        self, folder: QueueFolder, start: int, stop: int | None = None
    ) -> Iterator[Entry]:
        """Give the entries from position *start* to *stop*, or to the last file's end.

        Passes over what no file has; holds one block.
        """
        limit = self.limit(folder)
        stop = limit if stop is None else min(stop, limit)
        start = max(start, self.first(folder))
        size = folder.entry_bytes
        while start < stop:
            data = self.raw(folder, start, min(_BLOCK_ENTRIES, stop - start))
            for at in range(0, len(data), size):
                yield unpacked(folder, start + at // size, data[at : at + size])
            start += len(data) // size

    def sizes(self, folder: QueueFolder, start: int, stop: int) -> Iterator[int]:
        """Give what the entries say that their records have; for many of them."""
        layout = BATCH_ENTRY if folder.is_batch else ENTRY
        while start < stop:
            count = min(_BLOCK_ENTRIES, stop - start)
            for entry in layout.iter_unpack(self.raw(folder, start, count)):
                yield entry[1]
            start += count

    def first(self, folder: QueueFolder) -> int:
        """Give the position of the first entry that a file has room for."""
        return folder.bases[0] // folder.entry_bytes if folder.bases else 0

    def limit(self, folder: QueueFolder) -> int:
        """Give the position behind the last entry that a file has room for."""
        if not folder.bases:
            return 0
        return (folder.bases[-1] + folder.file_bytes) // folder.entry_bytes

    def end(self, folder: QueueFolder) -> int:
        """Give the position behind the last entry, by bisection."""
        low, high = self.first(folder), self.limit(folder)
        while low < high:
            middle = (low + high) // 2
            if self.entry(folder, middle).size > 0:
                low = middle + 1
            else:
                high = middle
        return low

    def begin(self, folder: QueueFolder, end: int, log_min: int) -> int:
        """Give the position of the first entry whose record is kept, by bisection."""
        low, high = self.first(folder), end
        while low < high:
            middle = (low + high) // 2
            entry = self.entry(folder, middle)
            if entry.is_filler or entry.physical_offset < log_min:
                low = middle + 1
            else:
                high = middle
        return low

    def bounds(self, folder: QueueFolder, log_min: int) -> tuple[int, int]:
        """Give the first kept queue offset and the next one to be given."""
        end = self.end(folder)
        begin = self.begin(folder, end, log_min)
        if not folder.is_batch:
            return begin, end
        last = self.entry(folder, end - 1) if end > self.first(folder) else None
        behind = last.queue_offset + last.count if last else 0
        first = self.entry(folder, begin).queue_offset if begin < end else behind
        return first, behind

    def position_of(self, folder: QueueFolder, queue_offset: int) -> int:
        """Give the position of the entry that holds *queue_offset*, or of the next."""
        if not folder.is_batch:
            return queue_offset
        low, high = self.first(folder), self.end(folder)
        while low < high:
            middle = (low + high) // 2
            entry = self.entry(folder, middle)
            if entry.queue_offset + entry.count <= queue_offset:
                low = middle + 1
            else:
                high = middle
        return low

    def extended_tags_code(self, folder: QueueFolder, code: int) -> int | None:
        """Give the tags code that stands in the extended unit *code* points to."""
        root = folder.path.parent.parent.parent / "consumequeue_ext"
        units = root / folder.topic / str(folder.queue_id)
        at = code + (1 << 63)
        bases = [int(name) for name in self._files.list(units) if name.isdigit()]
        base = max((base for base in bases if base <= at), default=None)
        if base is None:
            return None
        data = self._files.open(units / file_name(base)).read(
            _EXTENDED_UNIT.size, at - base
        )
        if len(data) < _EXTENDED_UNIT.size:
            return None
        size, tags_code, _, _ = _EXTENDED_UNIT.unpack(data)
        return int(tags_code) if size >= _EXTENDED_UNIT.size else None


def unpacked(folder: QueueFolder, position: int, data: bytes) -> Entry:
    """Give the entry at *position*, whose bytes are *data*."""
    if not folder.is_batch:
        physical, size, code = ENTRY.unpack(data)
        return Entry(position, position, physical, size, code)
    physical, size, code, store_ms, offset, count, _, _ = BATCH_ENTRY.unpack(data)
    return Entry(position, offset, physical, size, code, count, store_ms)
