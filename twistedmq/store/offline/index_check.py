"""Each index item against its record, each key for its item, and the chains.

Items stand in the order of the log, so both are gone through once, side by side. A
table of one file's slots is held in memory, nothing else that grows.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from sys import byteorder
from typing import Final

from twistedmq.protocol.properties import get, java_hash
from twistedmq.protocol.system_flags import TRANSACTION_MASK, TRANSACTION_ROLLBACK
from twistedmq.store.index_keys import TAG_TYPE, find_key, hashes_of, positive
from twistedmq.store.log_scan import LoggedRecord
from twistedmq.store.offline.directory import StoreDirectory
from twistedmq.store.offline.findings import Finding, Notes
from twistedmq.store.offline.index_reading import IndexReader

_BLOCK_SLOTS: Final = 64 * 1024
_MOST_SECONDS: Final = 0x7FFFFFFF
_WHERE: Final = "index"

Item = tuple[IndexReader, int, int, int, int]
"""File, number, hash, physical offset, seconds."""


class IndexCheck:
    """Compares an index with what a walk through the log finds."""

    def __init__(
        self,
        directory: StoreDirectory,
        readers: Sequence[IndexReader],
        notes: Notes,
        explain: Callable[[int], str],
    ) -> None:
        """*explain* says what stands at an offset that should be a record."""
        self._directory = directory
        self._readers = list(readers)
        self._notes = notes
        self._explain = explain
        self._found: list[Finding] = []
        self._items = self._in_order()
        self._next: Item | None = None
        self._has_tags = False
        self._first_offset = 0
        self._behind = [0, 0]
        self._begun: IndexReader | None = None
        self._begin_ms = 0
        self.items = 0
        self.log_min = 0
        self.log_end = 0

    def start(self) -> Iterator[Finding]:
        """Begin with the first item."""
        self._advance()
        if self._next is not None:
            self._first_offset = self._next[3]
        yield from self._told()

    def add(self, records: Sequence[LoggedRecord]) -> Iterator[Finding]:
        """Compare *records*, which follow each other in the log."""
        for record in records:
            offset = record.physical_offset
            item = self._next
            while item is not None and item[3] < offset:
                self._tell_of_strange(item)
                item = self._advance()
            mine: set[int] = set()
            seconds = (record.store_ms - self._begin_ms) // 1000
            while item is not None and item[3] == offset:
                reader, number, key_hash, _, at_second = item
                if (
                    at_second != seconds
                    or reader is not self._begun
                    or number in {1, reader.count}
                ):  # else there is nothing to be said of it
                    self._check_item(item, record)
                mine.add(key_hash)
                item = self._advance()
            if record.sys_flag & TRANSACTION_MASK == TRANSACTION_ROLLBACK:
                continue
            hashes = hashes_of(record.topic, record.properties)
            if hashes and (len(mine) != len(hashes) or mine != set(hashes)):
                self._compare(record, hashes, mine)
        if self._found:
            yield from self._told()

    def _told(self) -> Iterator[Finding]:
        found, self._found = self._found, []
        yield from found

    def _tell(self, kind: str, offset: int, what: str, why: str = "") -> None:
        self._found.append(Finding(kind, _WHERE, offset, offset + 1, what, why))

    # Items

    def _advance(self) -> Item | None:
        self._next = next(self._items, None)
        return self._next

    def _in_order(self) -> Iterator[Item]:
        """Give all items, less those that stand where they cannot."""
        held: Item | None = None
        last = -1
        for item in self._all():
            if held is not None:
                if held[3] > item[3] >= last or held[3] < last:
                    name = f"item {held[1]} of {held[0].path.name}"
                    why = "those before and behind it are not in order with it"
                    self._tell(
                        "index-item", held[3], f"{name} points to {held[3]}", why
                    )
                else:
                    last = held[3]
                    yield held
            held = item
        if held is not None:
            if held[3] < last:
                name = f"item {held[1]} of {held[0].path.name}"
                self._tell("index-item", held[3], f"{name} points to {held[3]}")
            else:
                yield held

    def _all(self) -> Iterator[Item]:
        for reader in self._readers:
            yield from self._of_file(reader)

    def _of_file(self, reader: IndexReader) -> Iterator[Item]:
        """Give the items of one file, and see to its chains and header."""
        slots = array("i", bytes(4 * reader.slots))
        count, name = reader.count, reader.path.name
        first = last = -1
        uncounted = 0
        for number, (key_hash, offset, seconds, before) in reader.items():
            if number > count:
                uncounted += 1
                continue
            self.items += 1
            if key_hash < 0:
                what = f"item {number} of {name} has the hash {key_hash}"
                self._tell("index-item", offset, what)
                continue
            slot = key_hash % reader.slots
            if before != slots[slot]:
                what = f"item {number} of {name} follows item {before}"
                self._tell("index-chain", offset, what, f"it should be {slots[slot]}")
            slots[slot] = number
            first, last = (offset if first < 0 else first), offset
            yield reader, number, key_hash, offset, seconds
        if uncounted:
            self._tell_uncounted(name, uncounted, max(last, 0))
        self._check_header(reader, first, last)
        self._check_slots(reader, slots, bool(uncounted))

    def _tell_uncounted(self, name: str, count: int, offset: int) -> None:
        what = f"{count} items of {name} stand behind those that the header counts"
        if self._directory.has_abort:
            self._notes.add("index-uncounted", _WHERE, what, offset)
        else:
            self._tell("index-header", offset, what)

    def _check_header(self, reader: IndexReader, first: int, last: int) -> None:
        header, name = reader.header, reader.path.name
        if not 1 <= header.next_item <= reader.item_limit:
            what = f"the header of {name} counts {header.next_item - 1} items"
            self._tell(
                "index-header", 0, what, f"there is room for {reader.item_limit}"
            )
        if first >= 0 and (header.begin_offset, header.end_offset) != (first, last):
            what = f"the header of {name} speaks of offsets {header.begin_offset} to "
            why = f"its items of {first} to {last}"
            self._tell("index-header", last, f"{what}{header.end_offset}", why)

    def _check_slots(
        self, reader: IndexReader, slots: "array[int]", is_cut: bool
    ) -> None:
        if is_cut and self._directory.has_abort:
            return  # recovery puts them right
        wrong = 0
        for start in range(0, reader.slots, _BLOCK_SLOTS):
            mine = slots[start : start + _BLOCK_SLOTS]
            there: array[int] = array("i")
            there.frombytes(reader.slot_bytes(start, len(mine)))
            if byteorder == "little":
                there.byteswap()
            if mine == there:
                continue
            for at, (wanted, found) in enumerate(zip(mine, there, strict=True)):
                if wanted != found:
                    wrong += 1
                    if wrong <= 10:
                        what = f"slot {start + at} of {reader.path.name} names item "
                        why = f"it should be {wanted}"
                        self._tell("index-slot", 0, f"{what}{found}", why)
        if wrong > 10:
            what = f"{wrong - 10} more slots of {reader.path.name} are wrong"
            self._tell("index-slot", 0, what)

    # Items and records

    def _tell_of_strange(self, item: Item) -> None:
        """Tell of an item that points to no record that the walk has found."""
        reader, number, _, offset, _ = item
        if offset < self.log_min:
            return
        why = self._explain(offset) or "no record begins there"
        name = f"item {number} of {reader.path.name}"
        self._tell("index-item", offset, f"{name} points to {offset}", why)

    def _check_item(self, item: Item, record: LoggedRecord) -> None:
        reader, number, _, offset, seconds = item
        begin_ms = reader.header.begin_ms
        if number == 1 or reader is not self._begun:
            # the header may be wrong; the first record of the file is not
            self._begun = reader
            self._begin_ms = record.store_ms if number == 1 else begin_ms
        wanted = min(max(record.store_ms - self._begin_ms, 0) // 1000, _MOST_SECONDS)
        if number == 1:
            prior = max(record.store_ms - self._prior_of(reader), 0) // 1000
            if begin_ms != record.store_ms:
                what = f"the header of {reader.path.name} begins at {begin_ms}"
                why = f"its first record was stored at {record.store_ms}"
                self._tell("index-header", offset, what, why)
            if seconds in {0, prior}:
                return
        elif seconds == wanted:
            if number == reader.count and reader.header.end_ms != record.store_ms:
                what = (
                    f"the header of {reader.path.name} ends at {reader.header.end_ms}"
                )
                why = f"its last record was stored at {record.store_ms}"
                self._tell("index-header", offset, what, why)
            return
        what = f"item {number} of {reader.path.name} stands at second {seconds}"
        self._tell("index-item", offset, what, f"its record at {wanted}")

    def _prior_of(self, reader: IndexReader) -> int:
        at = self._readers.index(reader)
        return self._readers[at - 1].header.end_ms if at else 0

    def _compare(self, record: LoggedRecord, hashes: list[int], mine: set[int]) -> None:
        """Tell what *record* lacks, and which items are not its own."""
        offset = record.physical_offset
        tag = get(record.properties, b"TAGS")
        tag_hash = -1
        if tag:
            text = find_key(record.topic, tag.decode("utf-8", "replace"), TAG_TYPE)
            tag_hash = positive(java_hash(text))
        strange = mine - set(hashes)
        for _ in strange:
            what = f"an item points to the record at {offset}"
            self._tell("index-item", offset, what, "that has no such key")
        lacking = set(hashes) - mine - {tag_hash}
        if tag_hash >= 0 and tag_hash not in mine and mine:
            why = "their tags are not in the index, as before version 5.4"
            self._notes.add("index-no-tag", _WHERE, why, offset)
        if not lacking or not self._readers:
            return
        if self._next is None and not mine:
            self._behind[0] += 1
            self._behind[1] = self._behind[1] or offset
        elif offset < self._first_offset:
            why = "they were stored before the index begins"
            self._notes.add("index-before", _WHERE, why, offset)
        else:
            what = f"{len(lacking)} keys of the record at {offset} are not in the index"
            self._tell("index-missing", offset, what)

    def finish(self) -> Iterator[Finding]:
        """Tell of items and records that are left."""
        while self._next is not None:
            offset = self._next[3]
            why = f"the log ends at {self.log_end}"
            name = f"item {self._next[1]} of {self._next[0].path.name}"
            self._tell("index-item", offset, f"{name} points to {offset}", why)
            self._advance()
        yield from self._told()
        count, offset = self._behind
        if count and self._directory.has_abort:
            why = "recovery adds them to the index"
            self._notes.add("index-behind", _WHERE, why, offset, count)
        elif count:
            what = f"{count} records from {offset} on are not in the index"
            yield Finding("index-missing", _WHERE, offset, self.log_end, what, "")
