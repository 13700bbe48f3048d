"""One hash table of the key index, in the genuine format.

Header, slots, items; a slot holds the number of the newest item with its hash, an item
the number of the one before. New items and changed slots stay in memory until a flush,
which writes items before slots before the header: after a crash the header counts the
items that are vouched for, and later ones that slots may point to are undone.
"""

from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from struct import Struct as Layout
from sys import byteorder
from threading import Lock
from typing import Final

from twisted.logger import Logger

from twistedmq.store.files_layer import Files, OpenFile, write_all

_HEADER: Final = Layout(">qqqqii")
"""Begin time, end time, begin offset, end offset, used slots, next item."""
_ITEM: Final = Layout(">iqii")
"""Hash, physical offset, seconds since the begin time, previous item."""
_SLOT_BYTES: Final = 4
_BLOCK_SLOTS: Final = 16 * 1024
"""Changed slots are written in blocks of so many."""
_ITEMS_READ: Final = 16 * 1024
"""So many items are read at once where slots are sought."""
_MOST_SECONDS: Final = 0x7FFFFFFF


IndexRow = tuple[int, int, int]
"""A hash, the physical offset of its record, the store time of that in ms."""


class IndexFile:
    """A table of so many slots and items; item 0 is never used."""

    _log = Logger()

    @staticmethod
    def file_bytes(slots: int, items: int) -> int:
        """Give the size of a file."""
        return _HEADER.size + slots * _SLOT_BYTES + items * _ITEM.size

    def __init__(
        self, files: Files, path: Path, slots: int, items: int, lock: Lock
    ) -> None:
        """Open *path*, or begin an empty table; *lock* guards what threads share."""
        self.name = path.name
        self._files = files
        self._path = path
        self._slot_count = slots
        self._item_limit = items
        self._lock = lock
        self.begin_ms = self.end_ms = 0
        self.begin_offset = 0
        self.end_offset = -1
        self._used_slots = 0
        self._count = 1
        self._file: OpenFile | None = None
        self._slots: memoryview | None = None
        self._loading = Lock()
        self._opening = Lock()
        self._changed_blocks: set[int] = set()
        self._overlaid: dict[int, dict[int, int]] | None = None
        """While a flush runs: by block, what the slots that were changed since it began
        held then. The numbers of items that it does not write must not get into it."""
        self._written_count = 1
        self._pending = bytearray()
        self.flushed_ms = 0
        if files.size(path) is not None:
            self._load_header()

    def _load_header(self) -> None:
        fields = _HEADER.unpack(self._opened().read(_HEADER.size, 0))
        (
            self.begin_ms, self.end_ms, self.begin_offset, self.end_offset,
            self._used_slots, self._count,
        ) = fields  # fmt: skip
        self._count = min(max(self._count, 1), self._item_limit)
        self._written_count = self._count
        self.flushed_ms = self.end_ms
        if self._count > 1 and self._item(self._count - 1)[1] != self.end_offset:
            self._count = self._written_count = 1  # the disk has lost its items

    def _opened(self) -> OpenFile:
        file = self._file
        if file is None:
            with self._opening:
                file = self._file
                if file is None:
                    file = self._files.open(self._path, create=True)
                    size = self.file_bytes(self._slot_count, self._item_limit)
                    if file.size() < size:
                        file.resize(size)
                    self._file = file  # not before it can be read by others
        return file

    @property
    def is_empty(self) -> bool:
        """Whether it holds no item."""
        return self._count <= 1

    @property
    def is_full(self) -> bool:
        """Whether it takes no more items."""
        return self._count >= self._item_limit

    # Putting

    def add(self, rows: Sequence[IndexRow]) -> int:
        """Put items, in log order; gives how many fitted in."""
        slots = self._slots if self._slots is not None else self._load_slots()
        number = self._count
        rows = rows[: self._item_limit - number]
        if number == 1:
            _, self.begin_offset, self.begin_ms = rows[0]
        slot_count, pack = self._slot_count, _ITEM.pack
        begin_ms, last_ms, seconds = self.begin_ms, self.begin_ms, 0
        with self._lock:
            changed, overlaid = self._changed_blocks, self._overlaid
            for key_hash, physical_offset, store_ms in rows:
                if store_ms != last_ms:
                    last_ms = store_ms
                    seconds = min(max(store_ms - begin_ms, 0) // 1000, _MOST_SECONDS)
                slot = key_hash % slot_count
                before = slots[slot]
                if not before:
                    self._used_slots += 1
                self._pending += pack(key_hash, physical_offset, seconds, before)
                slots[slot] = number
                block = slot // _BLOCK_SLOTS
                changed.add(block)
                if overlaid is not None:
                    overlaid.setdefault(block, {}).setdefault(slot, before)
                number += 1
            self._count = number
            _, self.end_offset, self.end_ms = rows[-1]
        return len(rows)

    def prepare(self) -> None:
        """Bring the slots into memory, which ``add`` would do; for a thread."""
        self._load_slots()

    def _load_slots(self) -> memoryview:
        with self._loading:
            if self._slots is None:
                self._slots = self._read_slots()
            return self._slots

    def _read_slots(self) -> memoryview:
        size = self._slot_count * _SLOT_BYTES
        if self._file is None and self._files.size(self._path) is None:
            slots = memoryview(bytearray(size)).cast("i")  # zero pages cost nothing
        else:
            native: array[int] = array("i")
            native.frombytes(self._opened().read(size, _HEADER.size))
            if byteorder == "little":
                native.byteswap()
            slots = memoryview(native)
            self._undo_unvouched(slots)
        return slots

    def _undo_unvouched(self, slots: memoryview) -> None:
        """Take items back that a flush wrote before it was cut short."""
        tops = _tops(slots)
        damaged = self._beyond(slots, tops, self._item_limit)  # no numbers of items
        if damaged:
            self._log.warn(
                "index file {path}: {count} slots are damaged, and are found again "
                "from the items",
                path=str(self._path),
                count=len(damaged),
            )
            for slot in damaged:
                slots[slot] = 0
            tops = _tops(slots)
        if self._count <= max(tops):
            damaged += self._undo(slots, max(tops))
        if damaged:
            self._find_again(slots, set(damaged))

    @staticmethod
    def _beyond(slots: memoryview, tops: Sequence[int], limit: int) -> list[int]:
        """Give the slots whose number is *limit* or more, or below 0."""
        return [
            slot
            for block, top in enumerate(tops)
            if top >= limit
            for slot, number in enumerate(_block(slots, block), block * _BLOCK_SLOTS)
            if number >= limit or number < 0
        ]

    def _undo(self, slots: memoryview, newest: int) -> list[int]:
        """Take back items up to *newest*; gives the slots about which they say nothing.

        Items were written anew there over those that the slots of a flush cut short
        before mean.
        """
        for number, (key_hash, _, _, before) in self._down(newest + 1, self._count):
            slot = key_hash % self._slot_count
            if slots[slot] == number:
                slots[slot] = before if before < number else 0
                self._changed_blocks.add(slot // _BLOCK_SLOTS)
        return self._beyond(slots, _tops(slots), self._count)

    def _find_again(self, slots: memoryview, sought: set[int]) -> None:
        """Have *sought* slots hold the newest of the items that belong there."""
        for slot in sought:
            slots[slot] = 0
            self._changed_blocks.add(slot // _BLOCK_SLOTS)
        for number, (key_hash, *_) in self._down(self._count, 1):
            slot = key_hash % self._slot_count
            if slot in sought:
                slots[slot] = number
                sought.remove(slot)
                if not sought:
                    break

    def _down(
        self, stop: int, first: int
    ) -> Iterator[tuple[int, tuple[int, int, int, int]]]:
        """Give the items of the file before number *stop*, down to *first*."""
        while stop > first:
            start = max(first, stop - _ITEMS_READ)
            raw = self._opened().read((stop - start) * _ITEM.size, self._place(start))
            items = list(_ITEM.iter_unpack(raw))
            yield from zip(range(stop - 1, start - 1, -1), reversed(items), strict=True)
            stop = start

    def _item(self, number: int) -> tuple[int, int, int, int]:
        with self._lock:
            at = (number - self._written_count) * _ITEM.size
            if at >= 0 and self._pending[at : at + 1]:
                return _ITEM.unpack_from(self._pending, at)
        return _ITEM.unpack(self._opened().read(_ITEM.size, self._place(number)))

    def _place(self, number: int) -> int:
        return _HEADER.size + self._slot_count * _SLOT_BYTES + number * _ITEM.size

    # Finding

    def overlaps(self, begin_ms: int, end_ms: int) -> bool:
        """Whether it may hold items of a time range."""
        return begin_ms <= self.end_ms and end_ms >= self.begin_ms

    def select(self, key_hash: int, most: int, begin_ms: int, end_ms: int) -> list[int]:
        """Give the physical offsets under *key_hash*, newest first."""
        found: list[int] = []
        number = self._newest(key_hash % self._slot_count)
        while 0 < number < self._count and len(found) < most:
            item_hash, physical_offset, seconds, before = self._item(number)
            if seconds < 0:
                break
            at_ms = self.begin_ms + seconds * 1000
            if item_hash == key_hash and begin_ms <= at_ms <= end_ms:
                found.append(physical_offset)
            if at_ms < begin_ms or before >= number:
                break
            number = before
        return found

    def _newest(self, slot: int) -> int:
        if self._slots is not None:
            return self._slots[slot]
        raw = self._opened().read(_SLOT_BYTES, _HEADER.size + slot * _SLOT_BYTES)
        number = int.from_bytes(raw, signed=True)
        if number >= self._count:
            number = self._load_slots()[slot]
        return number

    # Flushing

    def flush(self) -> None:
        """Write and sync what is in memory; for a thread, one at a time.

        Raises:
            OSError: all of it is written again by the next flush.
        """
        items, changed, header = self._take_changes()
        if not changed and not items:
            self._overlaid = None
            return
        try:
            file = self._opened()
            write_all(file, items, self._place(self._written_count))
            file.sync()
            self._write_blocks(file, changed)
            file.sync()
            write_all(file, header, 0)
            file.sync()
        except OSError:
            self._file = None  # what failed once may call anything a success
            with self._lock:
                self._changed_blocks |= changed
                self._overlaid = None
            raise
        with self._lock:
            self._overlaid = None
            self._pending = self._pending[len(items) :]
            self._written_count += len(items) // _ITEM.size
        self.flushed_ms = _HEADER.unpack(header)[1]
        if self.is_full and not self._changed_blocks:
            self._slots = None

    def _take_changes(self) -> tuple[bytes, set[int], bytes]:
        """Give the new items, the numbers of the changed blocks, and the header."""
        with self._lock:
            header = _HEADER.pack(
                self.begin_ms,
                self.end_ms,
                self.begin_offset,
                max(self.end_offset, 0),
                self._used_slots,
                self._count,
            )
            changed, self._changed_blocks = self._changed_blocks, set()
            self._overlaid = {}
            return bytes(self._pending), changed, header

    def _write_blocks(self, file: OpenFile, changed: set[int]) -> None:
        """Write slots as they were when the changes were taken."""
        slots = self._slots
        for number in sorted(changed) if slots is not None else ():
            assert slots is not None
            start = number * _BLOCK_SLOTS
            block: array[int] = array("i")
            with self._lock:
                block.frombytes(_block(slots, number).cast("B"))
                overlaid = dict((self._overlaid or {}).get(number, {}))
            for slot, before in overlaid.items():
                block[slot - start] = before
            if byteorder == "little":
                block.byteswap()
            write_all(file, block.tobytes(), _HEADER.size + start * _SLOT_BYTES)

    # Truncating

    def truncate(self, physical_offset: int) -> bool:
        """Forget items at or behind an offset; False if none would be left."""
        self.flush()
        slots = self._slots if self._slots is not None else self._load_slots()
        while self._count > 1:
            key_hash, offset, _, before = self._item(self._count - 1)
            if offset < physical_offset:
                break
            slot = key_hash % self._slot_count
            slots[slot] = before
            self._changed_blocks.add(slot // _BLOCK_SLOTS)
            self._used_slots -= not before
            self._count = self._written_count = self._count - 1
        if self._count <= 1:
            return False
        _, self.end_offset, seconds, _ = self._item(self._count - 1)
        self.end_ms = self.begin_ms + seconds * 1000
        self._write_header_after_truncation()
        return True

    def _write_header_after_truncation(self) -> None:
        _, changed, header = self._take_changes()
        self._overlaid = None  # nothing is put beside this
        file = self._opened()
        self._write_blocks(file, changed)
        write_all(file, header, 0)
        file.sync()


def _block(slots: memoryview, number: int) -> memoryview:
    return slots[number * _BLOCK_SLOTS : (number + 1) * _BLOCK_SLOTS]


def _tops(slots: memoryview) -> list[int]:
    """Give the largest item number of each block, negative ones counted as larger.

    There are millions of slots at each start: one call looks at a whole block, and
    between blocks other threads may run.
    """
    unsigned = slots.cast("B").cast("I")
    blocks = range((len(slots) + _BLOCK_SLOTS - 1) // _BLOCK_SLOTS)
    return [max(_block(unsigned, number)) for number in blocks]
