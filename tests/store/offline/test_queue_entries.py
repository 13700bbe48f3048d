from pathlib import Path

import pytest
from offline_kit import ROOT, filled, genuine, looked_at, queue_file, records_in

from twistedmq.store.offline.directory import QueueFolder
from twistedmq.store.offline.queue_entries import BATCH_ENTRY, QueueReader
from twistedmq.store.queue_state import ENTRY
from twistedmq.testing.fake_files import FakeFiles


def reader_of(files: FakeFiles) -> tuple[QueueReader, QueueFolder]:
    return QueueReader(files), looked_at(files).queues["Orders", 1]


def test_entries_come_from_all_files() -> None:
    files = filled(200, queue_file_bytes=400)
    reader, folder = reader_of(files)
    found = list(reader.entries(folder, 0))
    assert [e.queue_offset for e in found] == list(range(80))
    placed = [offset for offset, _ in records_in(files)][1::3]
    assert [e.physical_offset for e in found][: len(placed)] == placed
    assert reader.bounds(folder, 0) == (0, len(placed))
    assert reader.limit(folder) == 80
    assert reader.entry(folder, 70).size == 0
    assert [e.position for e in reader.entries(folder, 18, 22)] == [18, 19, 20, 21]


def test_the_first_kept_entry_is_found() -> None:
    files = filled(200, queue_file_bytes=400)
    reader, folder = reader_of(files)
    entry = reader.entry(folder, 33)
    assert reader.bounds(folder, entry.physical_offset)[0] == 33
    assert reader.bounds(folder, entry.physical_offset + 1)[0] == 34
    assert reader.bounds(folder, 1 << 40) == (67, 67)


def test_fillers_are_no_messages() -> None:
    files = filled(30)
    content = files.content(queue_file(1))
    content[:60] = ENTRY.pack(0, 0x7FFFFFFF, 0) * 3
    reader, folder = reader_of(files)
    assert reader.entry(folder, 0).is_filler
    assert reader.bounds(folder, 0) == (3, 10)


def test_a_missing_file_holds_zeros() -> None:
    files = filled(200, queue_file_bytes=400)
    files.remove(queue_file(1, 400))
    reader, folder = reader_of(files)
    assert reader.raw(folder, 25, 2) == bytes(40)
    assert reader.raw(folder, 19, 2)[20:] == bytes(20)


def test_batch_entries_hold_many_offsets() -> None:
    files, manifest = genuine("clean")
    directory = looked_at(files)
    folder = directory.queues["Bcq", 0]
    reader = QueueReader(directory.files)
    bounds = manifest["messages"]["Bcq"]["0"]
    assert reader.bounds(folder, 0) == (bounds["minOffset"], bounds["maxOffset"])
    assert [reader.position_of(folder, n) for n in range(8)] == [0, 1, 2, 3, 3, 3, 3, 4]


def test_every_queue_of_a_genuine_store_has_its_bounds() -> None:
    files, manifest = genuine("crash")
    directory = looked_at(files)
    reader = QueueReader(directory.files)
    for topic, queues in manifest["recovered"]["messages"].items():
        for queue_id, queue in queues.items():
            folder = directory.queues[topic, int(queue_id)]
            bounds = queue["minOffset"], queue["maxOffset"]
            assert reader.bounds(folder, 0) == bounds, topic


@pytest.mark.parametrize("is_there", [True, False])
def test_extended_units_hold_the_tags_code(is_there: bool) -> None:
    files = filled(30)
    unit = (22).to_bytes(2) + (77).to_bytes(8) + (5).to_bytes(8) + (2).to_bytes(2)
    path = ROOT / "consumequeue_ext" / "Orders" / "1" / f"{0:020d}"
    if is_there:
        files.open(path, create=True).write(bytes(100) + unit, 0)
    reader, folder = reader_of(files)
    code = 100 - (1 << 63)
    assert reader.extended_tags_code(folder, code) == (77 if is_there else None)
    assert reader.extended_tags_code(folder, code + 10) is None


def test_an_empty_queue_has_no_bounds() -> None:
    folder = QueueFolder("T", 0, Path("/none"), False, [], 1000, [])
    reader = QueueReader(FakeFiles())
    assert reader.bounds(folder, 0) == (0, 0)
    assert list(reader.entries(folder, 0)) == []
    assert BATCH_ENTRY.size == 46
