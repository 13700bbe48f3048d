from pathlib import Path

import pytest
from offline_kit import NOW_MS, filled, genuine, looked_at, records_in

from twistedmq.protocol.properties import java_hash
from twistedmq.store.index_keys import positive
from twistedmq.store.offline.index_reading import IndexReader, guess_slots
from twistedmq.testing.fake_files import FakeFiles


def test_slots_are_found_by_looking() -> None:
    files = filled(100, index_slots=77, index_items=333)
    paths = looked_at(files).index_files
    assert guess_slots(files, paths) == 77
    assert guess_slots(files, paths[:1]) == 77
    assert guess_slots(files, []) is None


@pytest.mark.parametrize("at", range(40))
def test_a_wrong_byte_in_a_header_does_not_hide_them(at: int) -> None:
    files = filled(40)
    [path] = looked_at(files).index_files
    files.content(path)[at] ^= 0x15
    assert guess_slots(files, [path]) == 100


@pytest.mark.parametrize("name", ["clean", "crash", "torn", "v2"])
def test_slots_of_genuine_files(name: str) -> None:
    files, manifest = genuine(name)
    directory = looked_at(files)
    slots = guess_slots(directory.files, directory.index_files)
    assert slots == manifest["config"]["maxHashSlotNum"]


def test_the_default_size_is_known_at_once() -> None:
    files = FakeFiles()
    path = Path("/index")
    files.open(path, create=True)
    files.size = lambda path: 0  # type: ignore[method-assign]

    class Large:
        def size(self) -> int:
            return 420_000_040

    files.open = lambda path, *, create=False: Large()  # type: ignore[assignment]
    assert guess_slots(files, [path]) == 5_000_000


def test_keys_are_found_newest_first() -> None:
    files = filled(60)
    offsets = [offset for offset, _ in records_in(files)]
    found = []
    for path in reversed(looked_at(files).index_files):
        reader = IndexReader(files, path, 100)
        found += list(reader.find(positive(java_hash("Orders#all"))))
    assert found == offsets[::-1]


def test_items_go_on_behind_the_counted() -> None:
    files = filled(40)
    [path] = looked_at(files).index_files
    reader = IndexReader(files, path, 100)
    assert reader.count == 160
    assert [number for number, _ in reader.items()] == list(range(1, 161))
    files.content(path)[36:40] = (150).to_bytes(4)
    reader = IndexReader(files, path, 100)
    assert reader.count == 149
    assert len(list(reader.items())) == 160
    assert reader.header.begin_ms == NOW_MS + 400


def test_a_short_file_has_no_items() -> None:
    files = FakeFiles()
    files.open(Path("/short"), create=True).write(b"abc", 0)
    reader = IndexReader(files, Path("/short"), 100)
    assert list(reader.items()) == []
    assert list(reader.find(5)) == []
    assert reader.item(1) == (0, 0, 0, 0)
