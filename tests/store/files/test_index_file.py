import struct
from pathlib import Path
from threading import Lock, Thread

import pytest
from gate import Gate
from hypothesis import given
from hypothesis import strategies as st
from store_vectors import unpack

from twistedmq.store.files.index_file import IndexFile, IndexRow
from twistedmq.store.files_layer import RealFiles
from twistedmq.testing.fake_files import FakeFiles

PATH = Path("/store/index/20240101000000000")


def rows(hashes: list[int], offset: int, store_ms: int) -> list[IndexRow]:
    return [(key_hash, offset, store_ms) for key_hash in hashes]


def make_table(files: FakeFiles, slots: int = 10, items: int = 20) -> IndexFile:
    return IndexFile(files, PATH, slots, items, Lock())


def test_genuine_tables_are_read(tmp_path: Path) -> None:
    root, manifest = unpack("clean", tmp_path)
    config = manifest["config"]
    slots, items = config["maxHashSlotNum"], config["maxIndexNum"]
    for path in sorted((root / "index").iterdir()):
        assert path.stat().st_size == IndexFile.file_bytes(slots, items)
        table = IndexFile(RealFiles(), path, slots, items, Lock())
        found = table.select(
            struct.unpack_from(">i", path.read_bytes(), 40 + 4 * slots + 20)[0],
            99,
            0,
            1 << 60,
        )
        assert table.begin_offset in found


def test_a_flushed_table_has_the_genuine_layout() -> None:
    files = FakeFiles()
    table = make_table(files)
    assert table.add(rows([17, 27], 1000, 50_000)) == 2
    assert table.add(rows([5], 2000, 53_500)) == 1
    table.flush()
    raw = bytes(files.content(PATH))
    assert struct.unpack_from(">qqqqii", raw) == (50_000, 53_500, 1000, 2000, 2, 4)
    assert struct.unpack_from(">10i", raw, 40) == (0, 0, 0, 0, 0, 3, 0, 2, 0, 0)
    assert struct.unpack_from(">iqii", raw, 80 + 20) == (17, 1000, 0, 0)
    assert struct.unpack_from(">iqii", raw, 80 + 40) == (27, 1000, 0, 1)
    assert struct.unpack_from(">iqii", raw, 80 + 60) == (5, 2000, 3, 0)


def test_a_full_table_takes_no_more() -> None:
    table = make_table(FakeFiles(), items=4)
    assert table.add(rows([1, 2], 0, 0)) == 2
    assert not table.is_full
    assert table.add(rows([3, 4], 1, 0)) == 1
    assert table.is_full


def test_the_newest_come_first_and_only_of_that_hash() -> None:
    table = make_table(FakeFiles())
    for n in range(5):
        table.add(rows([3, 13], n, 1000))
    assert table.select(13, 3, 0, 1 << 60) == [4, 3, 2]
    table.flush()
    assert table.select(3, 9, 0, 1 << 60) == [4, 3, 2, 1, 0]


@pytest.mark.parametrize("flushed", [False, True])
def test_truncating_takes_items_back(flushed: bool) -> None:
    files = FakeFiles()
    table = make_table(files)
    for n in range(5):
        table.add(rows([3, 13], n, 1000))
    if flushed:
        table.flush()
    assert table.truncate(2)
    assert table.select(3, 9, 0, 1 << 60) == [1, 0]
    assert table.end_offset == 1
    assert make_table(files).select(13, 9, 0, 1 << 60) == [1, 0]
    assert not table.truncate(0)
    assert table.is_empty


def test_time_ranges_overlap_or_not() -> None:
    table = make_table(FakeFiles())
    table.add(rows([1], 0, 1000))
    table.add(rows([1], 1, 2000))
    assert table.overlaps(0, 1000)
    assert table.overlaps(2000, 9000)
    assert table.overlaps(1200, 1300)
    assert not table.overlaps(0, 999)
    assert not table.overlaps(2001, 9000)


def slots_in(raw: bytes, slots: int = 10) -> tuple[int, ...]:
    return struct.unpack_from(f">{slots}i", raw, 40)


def test_what_is_put_during_a_flush_is_no_part_of_it() -> None:
    files = FakeFiles()
    table = make_table(files)
    table.add(rows([3, 4], 100, 1000))
    seen: list[tuple[int, ...]] = []

    def put_more(_: Path) -> None:
        table.add(rows([4, 5], 200 + len(seen), 1000))
        seen.append(slots_in(files.content(PATH)))

    files.on_sync = put_more
    table.flush()
    assert seen == [(0,) * 10, *2 * [(0, 0, 0, 1, 2, 0, 0, 0, 0, 0)]]
    files.on_sync = lambda _: None
    killed = make_table(files)
    assert killed.select(4, 9, 0, 1 << 60) == [100]
    table.flush()
    assert slots_in(files.content(PATH)) == (0, 0, 0, 1, 7, 8, 0, 0, 0, 0)
    again = make_table(files)
    assert again.select(4, 9, 0, 1 << 60) == [202, 201, 200, 100]
    assert again.select(5, 9, 0, 1 << 60) == [202, 201, 200]


@given(st.lists(st.integers(0, 60), min_size=1, max_size=40), st.integers(1, 40))
def test_a_flush_that_is_cut_short_is_undone(hashes: list[int], flushed: int) -> None:
    files = FakeFiles()
    table = make_table(files, items=100)
    flushed = min(flushed, len(hashes))
    for n, key_hash in enumerate(hashes[:flushed]):
        table.add(rows([key_hash], n, 1000))
    table.flush()
    header = bytes(files.content(PATH)[:40])
    for n, key_hash in enumerate(hashes[flushed:], flushed):
        table.add(rows([key_hash], n, 1000))
    table.flush()
    files.open(PATH).write(header, 0)  # all but the header was written
    again = make_table(files, items=100)
    again.prepare()
    for key_hash in {*hashes}:
        wanted = [n for n, each in enumerate(hashes[:flushed]) if each == key_hash]
        assert again.select(key_hash, 99, 0, 1 << 60) == wanted[::-1]


class SlowFiles(FakeFiles):
    """Files that are slow to change once they are there."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate()

    def before_change(self, path: Path) -> None:
        if self.size(path) is not None:
            self.gate.go_through()
        super().before_change(path)


def test_a_table_that_is_being_made_by_a_search_takes_items() -> None:
    files = SlowFiles()
    table, found, added = make_table(files), list[int](), list[int]()
    search = Thread(target=lambda: found.extend(table.select(3, 9, 0, 1 << 60)))
    put = Thread(target=lambda: added.append(table.add(rows([3, 13], 7, 1000))))
    search.start()
    files.gate.wait_reached()  # the file has no size yet
    put.start()
    put.join(0.05)
    files.gate.open()
    for thread in (search, put):
        thread.join(20)
    assert added == [2]
    assert table.select(3, 9, 0, 1 << 60) == [7]
