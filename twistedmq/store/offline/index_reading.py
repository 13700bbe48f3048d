"""The files of a key index, whose sizes are found out by looking.

A file says nowhere how many slots it has. They are the default number, or else such
that the first and the last item stand where the header has them.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from struct import Struct as Layout
from typing import Final

from msgspec import Struct

from twistedmq.store.files_layer import Files, OpenFile

HEADER: Final = Layout(">qqqqii")
"""Begin time, end time, begin offset, end offset, used slots, next item."""
ITEM: Final = Layout(">iqii")
"""Hash, physical offset, seconds since the begin time, previous item."""
SLOT_BYTES: Final = 4
_DEFAULT_SLOTS: Final = 5_000_000
_DEFAULT_BYTES: Final = HEADER.size + 4 * _DEFAULT_SLOTS + 20 * 20_000_000
_BLOCK_ITEMS: Final = 4096
_WINDOW_BYTES: Final = 1024 * 1024
_TRIED_BYTES: Final = 1024 * 1024
"""How large a file may be for its sizes to be tried out."""


class IndexHeader(Struct):
    """What the first 40 bytes of a file say."""

    begin_ms: int
    end_ms: int
    begin_offset: int
    end_offset: int
    used_slots: int
    next_item: int


class IndexReader:
    """One index file."""

    def __init__(self, files: Files, path: Path, slots: int) -> None:
        """*slots* is how many it has."""
        self.path = path
        self.slots = slots
        self._file = files.open(path)
        self.size = self._file.size()
        self.header = IndexHeader(*HEADER.unpack(read_header(self._file)))
        self.items_at = HEADER.size + slots * SLOT_BYTES
        self.item_limit = max((self.size - self.items_at) // ITEM.size, 1)
        self.count = min(max(self.header.next_item, 1), self.item_limit) - 1
        """How many items the header counts."""

    def items(self) -> Iterator[tuple[int, tuple[int, int, int, int]]]:
        """Give (number, item) of each item, the uncounted ones behind them too."""
        counted, number = self.count, 1
        while number < self.item_limit:
            at = self.items_at + number * ITEM.size
            size = min(_BLOCK_ITEMS, self.item_limit - number) * ITEM.size
            data = bytes(self._file.read(size, at))
            for item in ITEM.iter_unpack(data[: len(data) // ITEM.size * ITEM.size]):
                if number > counted and not (item[0] or item[1] or item[3]):
                    return
                yield number, item
                number += 1
            if len(data) < size:
                return

    def item(self, number: int) -> tuple[int, int, int, int]:
        """Give one item."""
        data = self._file.read(ITEM.size, self.items_at + number * ITEM.size)
        hash_, offset, seconds, before = ITEM.unpack(
            bytes(data).ljust(ITEM.size, b"\0")
        )
        return hash_, offset, seconds, before

    def slot_bytes(self, first: int, count: int) -> bytes:
        """Give *count* slots as they stand in the file."""
        size = count * SLOT_BYTES
        data = bytes(self._file.read(size, HEADER.size + first * SLOT_BYTES))
        return data.ljust(size, b"\0")

    def find(self, key_hash: int) -> Iterator[int]:
        """Give the physical offsets under *key_hash*, newest first."""
        if not self.slots:
            return
        number = int.from_bytes(self.slot_bytes(key_hash % self.slots, 1), signed=True)
        while 0 < number <= self.count:
            item_hash, offset, _, before = self.item(number)
            if item_hash == key_hash:
                yield offset
            if before >= number:
                return
            number = before


def read_header(file: OpenFile) -> bytes:
    """Give the header's bytes; zeros where the file is too short."""
    return bytes(file.read(HEADER.size, 0)).ljust(HEADER.size, b"\0")


def guess_slots(files: Files, paths: Sequence[Path]) -> int | None:
    """Give how many slots the index files have; None if it cannot be found out."""
    for path in paths:
        file = files.open(path)
        if file.size() == _DEFAULT_BYTES:
            return _DEFAULT_SLOTS
    for path in paths:
        found = _guess_from(files.open(path))
        if found is not None:
            return found
    return None


def _guess_from(file: OpenFile) -> int | None:
    """Find the first or the last item by the offset that the header gives it."""
    header = IndexHeader(*HEADER.unpack(read_header(file)))
    last = header.next_item - 1
    for offset, number in ((header.end_offset, last), (header.begin_offset, 1)):
        if offset <= 0 or number < 1:
            continue
        for place in _places_of(file, offset.to_bytes(8)):
            items_at = place - 4 - number * ITEM.size
            slots, rest = divmod(items_at - HEADER.size, SLOT_BYTES)
            whole = (file.size() - items_at) % ITEM.size == 0
            if slots > 0 and not rest and whole and _fits(file, slots, {1, last}):
                return slots
    return _guess_by_trying(file)


def _guess_by_trying(file: OpenFile) -> int | None:
    """Try each number that leaves room for whole items; the header is of no use."""
    room = file.size() - HEADER.size
    if room > _TRIED_BYTES:
        return None
    first = room // SLOT_BYTES % (ITEM.size // SLOT_BYTES)
    for slots in range(first, room // SLOT_BYTES, ITEM.size // SLOT_BYTES):
        if slots and _fits(file, slots, {1}):
            return slots
    return None


def _places_of(file: OpenFile, wanted: bytes) -> Iterator[int]:
    at = HEADER.size
    while True:
        data = bytes(file.read(_WINDOW_BYTES, at))
        place = data.find(wanted)
        while place >= 0:
            yield at + place
            place = data.find(wanted, place + 1)
        if len(data) < _WINDOW_BYTES:
            return
        at += len(data) - len(wanted) + 1


def _fits(file: OpenFile, slots: int, numbers: set[int]) -> bool:
    """Whether one of these items can be found from its slot."""
    items_at = HEADER.size + slots * SLOT_BYTES

    def item(number: int) -> tuple[int, int, int, int]:
        data = bytes(file.read(ITEM.size, items_at + number * ITEM.size))
        fields: tuple[int, int, int, int] = ITEM.unpack(data.ljust(ITEM.size, b"\0"))
        return fields

    for wanted in numbers:
        key_hash = item(wanted)[0]
        if key_hash <= 0:
            continue
        slot_at = HEADER.size + key_hash % slots * SLOT_BYTES
        number = int.from_bytes(file.read(SLOT_BYTES, slot_at), signed=True)
        while number > wanted:
            before = item(number)[3]
            number = before if before < number else 0
        if number == wanted:
            return True
    return False
