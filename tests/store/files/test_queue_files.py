from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.store.errors import StoreOpenError
from twistedmq.store.files.open_files import OpenFiles
from twistedmq.store.files.queue_files import QueueFiles
from twistedmq.store.files_layer import Files, RealFiles
from twistedmq.store.queue_reading import NotResidentError
from twistedmq.store.queue_state import ENTRY, FILLER_SIZE, QueueState, QueueTable
from twistedmq.testing.contracts.queue_index import QueueIndexContract
from twistedmq.testing.fake_files import FakeFiles

FOLDER = Path("/store/consumequeue")
FAR = 1 << 60


@pytest.fixture
def files() -> FakeFiles:
    return FakeFiles()


class TestQueueFiles(QueueIndexContract):
    files: Files = RealFiles()

    def make_index(self, directory: Path) -> QueueFiles:
        return QueueFiles(self.files, directory, 1000, OpenFiles(self.files, 4))


class TestQueueFilesInMemory(TestQueueFiles):
    @pytest.fixture(autouse=True)
    def in_memory(self) -> None:
        self.files = FakeFiles()


def make(files: FakeFiles, file_bytes: int = 200) -> QueueFiles:
    return QueueFiles(files, FOLDER, file_bytes, OpenFiles(files, 4))


def queue(count: int, first: int = 0, topic: str = "T") -> QueueState:
    """A queue of records of 10 bytes, the first at physical offset 1000."""
    state = QueueState(topic, 0, first)
    for n in range(count):
        state.tail += ENTRY.pack(1000 + 10 * n, 10, n)
        state.next_offset += 1
    return state


def written(files: FakeFiles, count: int, first: int = 0) -> QueueFiles:
    queues = make(files)
    queues.write(queue(count, first))
    return queues


def physical(entries: bytes) -> list[int]:
    return [offset for offset, _, _ in ENTRY.iter_unpack(entries)]


def test_entries_go_over_several_files(files: FakeFiles) -> None:
    queues = written(files, 25)
    assert list(files.list(FOLDER / "T" / "0")) == [
        f"{base:020d}" for base in (0, 200, 400)
    ]
    assert physical(queues.read("T", 0, 8, 4, False)) == [1080, 1090, 1100, 1110]
    assert queues.read("T", 0, 30, 4, False) == b""
    assert len(queues.unsynced()) == 3
    assert not queues.unsynced()


def test_the_file_size_is_a_whole_number_of_entries(files: FakeFiles) -> None:
    make(files, 190).write(queue(1))
    assert files.size(files.paths()[0]) == 200


def test_cold_entries_are_not_waited_for(files: FakeFiles) -> None:
    queues = written(files, 5)
    files.cold = True
    with pytest.raises(NotResidentError):
        queues.read("T", 0, 0, 5, True)


@pytest.mark.parametrize("count", [1, 9, 10, 11, 25, 30])
@pytest.mark.parametrize("first", [0, 50])
def test_queues_are_found_again(files: FakeFiles, count: int, first: int) -> None:
    written(files, count, first)
    state = make(files).load(FAR, 0)["T", 0]
    assert state.next_offset == state.written_offset == first + count
    assert state.min_offset == first
    assert not state.tail


@pytest.mark.parametrize("kept", [0, 1, 9, 10, 11, 24])
def test_entries_of_records_behind_the_cut_are_zeroed(
    files: FakeFiles, kept: int
) -> None:
    written(files, 25)
    loaded = make(files).load(1000 + 10 * kept, 0)
    if not kept:
        assert not loaded
        return
    assert loaded["T", 0].next_offset == kept
    again = make(files)
    assert again.load(FAR, 0)["T", 0].next_offset == kept
    raw = b"".join(bytes(files.content(path)) for path in files.paths())
    assert not any(raw[kept * 20 :])


def test_the_first_offset_is_the_first_whose_record_is_kept(files: FakeFiles) -> None:
    written(files, 25)
    assert make(files).load(FAR, 1070)["T", 0].min_offset == 7
    assert make(files).load(FAR, 9999)["T", 0].min_offset == 25


def test_filler_is_not_kept_for_a_record(files: FakeFiles) -> None:
    state = QueueState("T", 0)
    state.tail += ENTRY.pack(0, FILLER_SIZE, 0) * 3 + ENTRY.pack(0, 10, 0)
    state.next_offset = 4
    make(files).write(state)
    loaded = make(files).load(FAR, 0)
    assert (loaded["T", 0].min_offset, loaded["T", 0].next_offset) == (3, 4)


@given(
    filler=st.integers(0, 12),
    kinds=st.lists(st.booleans(), min_size=1, max_size=40),
    gone=st.integers(0, 40),
)
def test_filler_may_come_before_and_between_messages(
    filler: int, kinds: list[bool], gone: int
) -> None:
    """A crash may lose some messages of a queue, and neighbours that it keeps count."""
    files, log_min = FakeFiles(), 1000 + 10 * gone
    state = QueueState("T", 0, 0)
    offsets: list[int | None] = [None] * filler
    offsets += [1000 + 10 * n if kind else None for n, kind in enumerate(kinds)]
    for offset in [*offsets, 9000]:
        filled = ENTRY.pack(0, FILLER_SIZE, 0)
        state.tail += filled if offset is None else ENTRY.pack(offset, 10, 0)
        state.next_offset += 1
    make(files).write(state)
    loaded = make(files).load(FAR, log_min)["T", 0]
    kept = [n for n, o in enumerate([*offsets, 9000]) if o is not None and o >= log_min]
    before = range(loaded.min_offset, kept[0])
    assert loaded.min_offset <= kept[0]
    assert all(offsets[n] is None for n in before)


def test_cutting_a_live_queue(files: FakeFiles) -> None:
    queues, state = make(files), queue(25)
    queues.write(state)
    queues.cut(state, 1120)
    assert (state.next_offset, state.tail_offset) == (12, 12)
    assert physical(queues.read("T", 0, 11, 1, False)) == [1110]


def test_the_end_of_what_queues_hold(files: FakeFiles) -> None:
    queues = written(files, 25)
    assert queues.end_of_last_records(queues.load(FAR, 0)) == 1250
    assert queues.end_of_last_records(QueueTable()) == 0


def test_another_file_size_is_refused(files: FakeFiles) -> None:
    written(files, 25)
    with pytest.raises(StoreOpenError, match="mappedFileSizeConsumeQueue"):
        make(files, 400).load(FAR, 0)


def test_foreign_names_and_empty_files_are_passed_over(files: FakeFiles) -> None:
    written(files, 10)
    files.open(FOLDER / "T" / "lost+found" / "x", create=True)
    files.open(FOLDER / "T" / "0" / f"{200:020d}", create=True)
    assert list(make(files).load(FAR, 0)) == [("T", 0)]
    assert len(files.list(FOLDER / "T" / "0")) == 1


def test_a_topic_is_set_aside(files: FakeFiles) -> None:
    queues = written(files, 10)
    queues.write(queue(3, topic="U"))
    assert queues.set_aside("T", Path("/store/.deleted-1"))
    assert not queues.set_aside("T", Path("/store/.deleted-2"))
    assert list(files.list(FOLDER)) == ["U"]
    assert {key[0] for key in queues.unsynced()} == {"U"}
    queues.write(queue(1))
    assert physical(queues.read("T", 0, 0, 5, False))[:2] == [1000, 0]


def test_a_queue_is_forgotten(files: FakeFiles) -> None:
    queues = written(files, 10)
    queues.forget("T", 0)
    assert queues.read("T", 0, 0, 5, False) == b""


def test_syncing_reaches_every_file(files: FakeFiles) -> None:
    queues = written(files, 25)
    keys = queues.unsynced()
    queues.sync(keys | {("gone", 0, 0, "consumequeue")})
    assert files.syncs == 3
