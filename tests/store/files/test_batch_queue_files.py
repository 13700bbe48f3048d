from pathlib import Path

import pytest

from twistedmq.store.batch_queue import BatchView, number_of
from twistedmq.store.errors import StoreOpenError
from twistedmq.store.files.batch_queue_files import BatchQueueFiles
from twistedmq.store.files.open_files import OpenFiles
from twistedmq.store.queue_reading import NotResidentError
from twistedmq.store.queue_state import BATCH_ENTRY, BatchQueueState
from twistedmq.testing.fake_files import FakeFiles

FOLDER = Path("/store/batchconsumequeue")
FAR = 1 << 60


@pytest.fixture
def files() -> FakeFiles:
    return FakeFiles()


def make(files: FakeFiles, file_bytes: int = 460) -> BatchQueueFiles:
    return BatchQueueFiles(files, FOLDER, file_bytes, OpenFiles(files, 4))


def grow(state: BatchQueueState, count: int) -> None:
    """Add entries of 2 messages each; record n is at 1000 + 10 n."""
    for _ in range(count):
        number = state.next_entry
        state.add(1000 + 10 * number, 10, 0, 50 + number, state.next_offset, 2)


def written(
    files: FakeFiles, count: int = 25
) -> tuple[BatchQueueFiles, BatchQueueState]:
    queues, state = make(files), BatchQueueState("B", 0)
    grow(state, count)
    queues.write(state)
    return queues, state


def bases(raw: bytes) -> list[int]:
    return [fields[4] for fields in BATCH_ENTRY.iter_unpack(raw)]


def test_entries_are_read_from_files_and_tail(files: FakeFiles) -> None:
    queues, state = written(files)
    assert len(files.paths()) == 3
    state.shorten(3)
    grow(state, 2)
    view = BatchView.of(state)
    read = queues.reads(view, resident=True)
    assert bases(read(8, 4)) == [16, 18, 20, 22]
    assert bases(read(20, 99)) == [40, 42, 44, 46, 48, 50, 52]
    assert bases(read(26, 5)) == [52]
    assert number_of(view, 33, read) == 16
    assert number_of(view, 53, read) == 26
    files.cold = True
    with pytest.raises(NotResidentError):
        read(8, 4)


@pytest.mark.parametrize("count", [1, 9, 10, 11, 25, 30])
def test_queues_are_found_again(files: FakeFiles, count: int) -> None:
    written(files, count)
    queues = make(files)
    assert queues.topics() == {"B"}
    state = queues.load(FAR, 0)["B", 0]
    assert (state.min_offset, state.next_offset) == (0, 2 * count)
    assert (state.next_entry, state.written_entry, len(state.tail)) == (count, count, 0)
    grow(state, 1)
    queues.write(state)
    assert make(files).load(FAR, 0)["B", 0].next_offset == 2 * count + 2


@pytest.mark.parametrize("kept", [0, 1, 9, 10, 11, 24])
def test_entries_behind_the_cut_are_zeroed(files: FakeFiles, kept: int) -> None:
    written(files)
    loaded = make(files).load(1000 + 10 * kept, 0)
    raw = b"".join(bytes(files.content(path)) for path in files.paths())
    assert not any(raw[kept * 46 :])
    if kept:
        assert loaded["B", 0].next_offset == 2 * kept
    else:
        assert not loaded


@pytest.mark.parametrize("kept", [0, 1, 10, 24])
def test_cutting_a_live_queue(files: FakeFiles, kept: int) -> None:
    queues, state = written(files)
    queues.cut(state, 1000 + 10 * kept)
    assert (state.next_entry, state.next_offset) == (kept, 2 * kept)
    assert not state.tail
    grow(state, 1)
    queues.write(state)
    assert state.next_offset == 2 * kept + 2
    assert state.written_entry == kept + 1


def test_the_first_offset_follows_the_log(files: FakeFiles) -> None:
    queues, state = written(files)
    assert make(files).load(FAR, 1065)["B", 0].min_offset == 14
    assert queues.first_from(state, 1070) == 14
    assert queues.first_from(state, FAR) == 50
    assert queues.end_of_last_record(make(files).load(FAR, 0)["B", 0]) == 1250


def test_files_expire_and_numbers_stay(files: FakeFiles) -> None:
    queues, _ = written(files)
    for file in queues.expired("B", 0, 1205):
        queues.remove(file)
    assert len(files.paths()) == 1
    state = make(files).load(FAR, 1205)["B", 0]
    assert (state.first_entry, state.next_entry) == (20, 25)
    assert (state.min_offset, state.next_offset) == (42, 50)


def test_a_file_may_be_shorter_than_it_was_made(files: FakeFiles) -> None:
    written(files, 5)
    path = files.paths()[0]
    files.open(path).resize(5 * 46)
    state = make(files).load(FAR, 0)["B", 0]
    assert (state.next_entry, state.next_offset) == (5, 10)
    files.open(path).resize(4 * 46 + 3)
    assert make(files).load(FAR, 0)["B", 0].next_entry == 4


def test_another_file_size_is_refused(files: FakeFiles) -> None:
    written(files)
    with pytest.raises(StoreOpenError, match="mapperFileSizeBatchConsumeQueue"):
        make(files, 230).load(FAR, 0)
