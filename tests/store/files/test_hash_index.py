from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twistedmq.store.files.hash_index import HashIndex
from twistedmq.store.files_layer import RealFiles
from twistedmq.testing.contracts.index_strategy import IndexStrategyContract, item
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.simulated_disk import Left, SimulatedDisk

FOLDER = Path("/store/index")


def make_index(files: Any, folder: Path = FOLDER, items: int = 50) -> HashIndex:
    return HashIndex(files, folder, 10, items, 64)


class TestHashIndex(IndexStrategyContract):
    def make_index(self, directory: Path) -> HashIndex:
        return make_index(RealFiles(), directory)


def places(index: HashIndex, key: str) -> list[int]:
    return index.find("T", key, 64, 0, 1 << 60, "").physical_offsets


def test_a_flushed_index_is_found_again() -> None:
    files = FakeFiles()
    index = make_index(files)
    index.put([item(n, KEYS=f"k{n} all") for n in range(60)])
    index.close()
    assert len(files.paths()) == 3
    again = make_index(files)
    assert again.must_be_prepared
    again.prepare()
    assert again.indexed_offset() == 59
    assert places(again, "all") == list(range(59, -1, -1))
    assert all(places(again, f"k{n}") == [n] for n in range(60))


def test_what_was_put_already_is_passed_over() -> None:
    index = make_index(FakeFiles())
    for _ in range(2):
        index.put([item(n, KEYS="a") for n in range(5)])
    assert places(index, "a") == [4, 3, 2, 1, 0]


def test_a_table_is_not_cut_on_the_disk_before_others_are_there() -> None:
    """After a crash it would stand there alone, and say that all before is put."""
    files = FakeFiles()
    items = [item(n, KEYS=f"k{n}") for n in range(7)]
    index = make_index(files, items=5)  # the last three are in a second table
    index.put(items)
    index.truncate(6)
    again = make_index(files, items=5)
    again.put(items)
    assert all(places(again, f"k{n}") == [n] for n in range(7))


def flush_without_power(index: HashIndex, files: Any, syncs: int) -> None:
    """Flush, and stop everything when so many files were synced."""
    seen: list[Path] = []

    def crash(path: Path) -> None:
        seen.append(path)
        if len(seen) > syncs:
            raise KeyboardInterrupt

    files.on_sync = crash
    with suppress(KeyboardInterrupt):
        index.flush()
    files.on_sync = lambda path: None


@pytest.mark.parametrize("syncs_before_the_crash", range(4))
def test_a_flush_cut_short_does_no_harm(syncs_before_the_crash: int) -> None:
    files = FakeFiles()
    index = make_index(files, items=500)
    index.put([item(n, KEYS=f"k{n} all") for n in range(20)])
    index.flush()
    index.put([item(n, KEYS=f"k{n} all") for n in range(20, 60)])
    flush_without_power(index, files, syncs_before_the_crash)
    again = make_index(files, items=500)
    last = again.indexed_offset()
    assert places(again, "all") == list(range(last, -1, -1))
    again.put([item(n, KEYS=f"k{n} all") for n in range(last + 1, 70)])
    assert places(again, "all")[:70] == list(range(69, -1, -1))[:64]
    assert all(places(again, f"k{n}") == [n] for n in range(70))


def test_names_rise_with_time() -> None:
    files = FakeFiles()
    index = make_index(files)
    for n in range(200):
        index.put([item(n, KEYS=f"k{n}", store_ms=1_700_000_000_000)])
    index.flush()
    names = [path.name for path in files.paths()]
    assert len(names) == 5
    assert all(len(name) == 17 and name.isdigit() for name in names)


def test_files_of_another_size_are_left_aside() -> None:
    files = FakeFiles()
    index = make_index(files)
    index.put([item(0, KEYS="a")])
    index.close()
    other = make_index(files, items=51)
    assert places(other, "a") == []
    assert len(files.paths()) == 1


def test_items_the_disk_has_lost_are_not_believed() -> None:
    files = FakeFiles()
    index = make_index(files)
    index.put([item(n, KEYS="a") for n in range(5)])
    index.close()
    files.content(files.paths()[0])[80:] = bytes(
        len(files.content(files.paths()[0])) - 80
    )
    again = make_index(files)
    assert again.indexed_offset() == -1
    again.put([item(n, KEYS="a") for n in range(5)])
    assert places(again, "a") == [4, 3, 2, 1, 0]


def test_tables_that_know_nothing_newer_are_removed_but_the_newest() -> None:
    files = FakeFiles()
    index = make_index(files)
    index.put([item(n, KEYS=f"k{n}") for n in range(200)])
    index.flush()
    assert len(files.paths()) == 5
    index.expire(100)
    assert len(files.paths()) == 3
    assert places(index, "k98") == [98]
    assert places(index, "k97") == []
    index.expire(1000)
    assert len(files.paths()) == 1
    assert places(index, "k199") == [199]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from("abcd"), max_size=4), max_size=30),
    st.integers(3, 9),
    st.data(),
)
def test_many_small_tables_answer_as_one_would(
    keys: list[list[str]], items: int, data: st.DataObject
) -> None:
    """Rolled over in the middle of a message, opened again, the newest first."""
    files = FakeFiles()
    index = make_index(files, items=items)
    expected: dict[str, list[int]] = {key: [] for key in "abcd"}
    for number, words in enumerate(keys):
        index.put([item(number, KEYS=" ".join(words))])
        for word in words:
            expected[word].insert(0, number)
        if data.draw(st.integers(0, 9)) == 0:
            index.close()
            index = make_index(files, items=items)
    for key, wanted in expected.items():
        assert places(index, key) == wanted[:64]
        few = index.find("T", key, 3, 0, 1 << 60, "").physical_offsets
        assert few == wanted[:3]
    index.close()
    put = sum(map(len, keys))
    assert len(files.paths()) == -(-put // (items - 1))


@pytest.mark.parametrize("second", range(4))
@pytest.mark.parametrize("first", range(4))
def test_a_second_crash_does_no_harm_either(first: int, second: int) -> None:
    """Slots of the first flush cut short may mean items that are other ones by now."""
    files = FakeFiles()
    index = make_index(files, items=500)
    index.put([item(n, KEYS=f"k{n}") for n in range(40)])
    index.flush()
    index.put([item(n, KEYS=f"a{n}") for n in range(40, 80)])
    flush_without_power(index, files, first)
    index = make_index(files, items=500)
    begin = index.indexed_offset() + 1
    index.put([item(n, KEYS=f"b{n} c{n}") for n in range(begin, begin + 15)])
    flush_without_power(index, files, second)
    index = make_index(files, items=500)
    end = index.indexed_offset() + 1
    index.put([item(end, KEYS="last")])
    assert all(places(index, f"k{n}") == [n] for n in range(40))
    assert all(places(index, f"b{n}") == [n] for n in range(begin, end))
    assert places(index, "last") == [end]


def test_what_was_forgotten_does_not_come_back_without_power() -> None:
    disk = SimulatedDisk()
    index = make_index(disk)
    index.put([item(n, KEYS="old") for n in range(100)])
    index.flush()
    disk.sync_folder(FOLDER.parent.parent)
    left = disk.without_power(disk.moment, Random(1), Left.NOTHING, strict_names=True)
    assert make_index(left).indexed_offset() == 99
    index.truncate(0)
    left = disk.without_power(disk.moment, Random(1), Left.NOTHING, strict_names=True)
    assert make_index(left).indexed_offset() == -1
