"""What every IQueueIndex must do."""
# ruff: noqa: D102 (the name of a test says it)

from contextlib import suppress
from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from twistedmq.store.queue_interfaces import IQueueIndex
from twistedmq.store.queue_reading import NotResidentError
from twistedmq.store.queue_state import ENTRY, FILLER_SIZE, QueueState

RECORD_BYTES = 10
_FAR = 1 << 60


def add(state: QueueState, count: int, step: int = RECORD_BYTES) -> None:
    """Let *state* grow: entry n points at physical offset n times *step*."""
    for number in range(state.next_offset, state.next_offset + count):
        state.tail += ENTRY.pack(number * step, RECORD_BYTES, number)
    state.next_offset += count


def tags_codes(entries: bytes) -> list[int]:
    """Say which entries those are; zeros behind them do not count."""
    return [code for _, size, code in ENTRY.iter_unpack(entries) if size]


class QueueIndexContract:
    """Subclasses give ``make_index``; made again, it opens what was kept."""

    many = 500
    """More entries than fit into the first file of a queue, where there are files."""

    def make_index(self, directory: Path) -> IQueueIndex:
        """Make or open the index in *directory*."""
        raise NotImplementedError(f"{type(self).__name__} has to give make_index")

    @pytest.fixture
    def index(self, tmp_path: Path) -> IQueueIndex:
        """Give an empty index."""
        return self.make_index(tmp_path)

    @pytest.fixture
    def state(self, index: IQueueIndex) -> QueueState:
        """Give a queue with many entries, all written."""
        state = QueueState("T", 3)
        add(state, self.many)
        index.write(state)
        return state

    def test_provides_the_interface(self, index: IQueueIndex) -> None:
        assert verifyObject(IQueueIndex, index)

    def test_an_empty_one_has_no_queues(self, index: IQueueIndex) -> None:
        assert index.load(_FAR, 0) == {}
        assert index.read("T", 0, 0, 9, False) == b""
        assert index.expired("T", 0, _FAR) == []
        assert index.end_of_last_records(index.load(_FAR, 0)) == 0

    def test_what_was_written_is_read(
        self, index: IQueueIndex, state: QueueState
    ) -> None:
        assert state.written_offset == self.many
        everything = index.read("T", 3, 0, self.many, False)
        assert tags_codes(everything) == list(range(self.many))
        middle = self.many // 2
        some = index.read("T", 3, middle, 7, False)
        assert tags_codes(some) == list(range(middle, middle + 7))
        with suppress(NotResidentError):  # not every file layer can tell
            last = index.read("T", 3, self.many - 1, 1, True)
            assert tags_codes(last) == [self.many - 1]
        assert tags_codes(index.read("T", 3, self.many, 9, False)) == []

    def test_only_what_is_new_is_written(
        self, index: IQueueIndex, state: QueueState
    ) -> None:
        index.unsynced()
        index.write(state)
        assert not index.unsynced()
        add(state, 3)
        state.shorten(0)
        index.write(state)
        assert index.unsynced()
        last = index.read("T", 3, self.many - 1, 4, False)
        assert tags_codes(last) == list(range(self.many - 1, self.many + 3))

    def test_what_a_write_needs_may_be_made_before(
        self, tmp_path: Path, index: IQueueIndex
    ) -> None:
        state = QueueState("T", 3)
        assert not index.lacks(state)
        add(state, self.many)
        files = index.to_make([state])
        index.make(files)
        index.make(files)
        assert index.read("T", 3, 0, self.many, False).strip(b"\0") == b""
        assert self.make_index(tmp_path).load(_FAR, 0) == {}
        index.write(state)
        assert not index.lacks(state)
        assert not index.to_make([state])
        everything = index.read("T", 3, 0, self.many, False)
        assert tags_codes(everything) == list(range(self.many))
        found = self.make_index(tmp_path).load(_FAR, 0)
        assert not index.lacks(found["T", 3])

    def test_what_is_gone_meanwhile_is_not_made(
        self, tmp_path: Path, index: IQueueIndex
    ) -> None:
        states = [QueueState("T", 0), QueueState("T", 1), QueueState("U", 0)]
        for state in states:
            add(state, 1)
        files = index.to_make(states)
        index.forget("T", 1)
        index.set_aside("U", tmp_path / ".aside" / "1")
        index.make(files)
        assert not index.set_aside("U", tmp_path / ".aside" / "2")
        index.write(states[0])
        assert set(self.make_index(tmp_path).load(_FAR, 0)) == {("T", 0)}
        anew = QueueState("T", 1)
        add(anew, 2)
        index.make(index.to_make([anew]))
        index.write(anew)
        assert tags_codes(index.read("T", 1, 0, 9, False)) == [0, 1]

    def test_what_is_cut_meanwhile_is_not_made(
        self, tmp_path: Path, index: IQueueIndex, state: QueueState
    ) -> None:
        add(state, self.many)
        files = index.to_make([state])
        index.write(state)
        index.cut(state, RECORD_BYTES)
        index.make(files)
        assert self.make_index(tmp_path).load(_FAR, 0)["T", 3].next_offset == 1
        add(state, self.many)
        index.write(state)
        again = self.make_index(tmp_path).load(_FAR, 0)["T", 3]
        assert again.next_offset == self.many + 1

    def test_written_files_are_synced_once(
        self, index: IQueueIndex, state: QueueState
    ) -> None:
        files = index.unsynced()
        assert files
        assert not index.unsynced()
        index.sync(files)

    def test_removed_files_need_no_sync(
        self, index: IQueueIndex, state: QueueState
    ) -> None:
        files = index.unsynced()
        index.forget("T", 3)
        index.sync(files)

    @pytest.mark.parametrize("first", [0, 70_000])
    def test_queues_are_found_again(self, tmp_path: Path, first: int) -> None:
        state, other = QueueState("T", 0, first), QueueState("%RETRY%g", 12)
        add(state, 5)
        add(other, 1)
        index = self.make_index(tmp_path)
        index.write(state)
        index.write(other)
        found = self.make_index(tmp_path).load(_FAR, 0)
        assert set(found) == {("T", 0), ("%RETRY%g", 12)}
        again = found["T", 0]
        assert (again.min_offset, again.next_offset) == (first, first + 5)
        assert again.written_offset == first + 5
        assert not again.tail

    @pytest.mark.parametrize("kept", [1, 9, 49, 50, 51, 499])
    def test_loading_forgets_what_is_behind_the_cut(
        self, tmp_path: Path, state: QueueState, kept: int
    ) -> None:
        cut = kept * RECORD_BYTES
        found = self.make_index(tmp_path).load(cut, 0)
        assert found["T", 3].next_offset == kept
        index = self.make_index(tmp_path)
        found = index.load(_FAR, 0)
        assert found["T", 3].next_offset == kept
        assert index.end_of_last_records(found) == cut

    def test_a_queue_of_which_nothing_is_left_is_left_out(
        self, tmp_path: Path, state: QueueState
    ) -> None:
        assert self.make_index(tmp_path).load(0, 0) == {}
        assert self.make_index(tmp_path).load(_FAR, 0) == {}

    @pytest.mark.parametrize("log_min", [0, 1, 10, 505, 4_990])
    def test_the_first_offset_follows_the_log(
        self, tmp_path: Path, state: QueueState, log_min: int
    ) -> None:
        index = self.make_index(tmp_path)
        first = -(-log_min // RECORD_BYTES)
        assert index.load(_FAR, log_min)["T", 3].min_offset == first
        assert index.first_from(state, log_min) == first
        assert (state.min_offset, state.next_offset) == (0, self.many)

    def test_entries_that_no_file_has_yet_count_too(
        self, index: IQueueIndex, state: QueueState
    ) -> None:
        add(state, 10)
        assert index.first_from(state, (self.many + 4) * RECORD_BYTES) == self.many + 4
        assert index.first_from(state, _FAR) == self.many + 10

    def test_filler_stands_for_no_record(self, index: IQueueIndex) -> None:
        state = QueueState("T", 0)
        state.tail += ENTRY.pack(0, FILLER_SIZE, 0) * 3 + ENTRY.pack(0, 10, 0)
        state.next_offset = 4
        index.write(state)
        found = index.load(_FAR, 0)
        assert (found["T", 0].min_offset, found["T", 0].next_offset) == (3, 4)
        assert index.end_of_last_records(found) == 10

    @pytest.mark.parametrize("kept", [0, 1, 49, 50, 499])
    def test_a_cut_queue_goes_on_there(
        self, tmp_path: Path, index: IQueueIndex, state: QueueState, kept: int
    ) -> None:
        index.cut(state, kept * RECORD_BYTES)
        assert (state.next_offset, state.written_offset) == (kept, kept)
        assert state.min_offset == 0
        assert not state.tail
        assert tags_codes(index.read("T", 3, 0, self.many, False)) == list(range(kept))
        add(state, 2)
        index.write(state)
        again = self.make_index(tmp_path).load(_FAR, 0)["T", 3]
        assert again.next_offset == kept + 2

    def test_expired_files_are_removed_but_never_the_last(
        self, tmp_path: Path, index: IQueueIndex, state: QueueState
    ) -> None:
        assert index.expired("T", 3, 0) == []
        half = self.many // 2
        gone = index.expired("T", 3, half * RECORD_BYTES)
        assert gone
        for file in gone:
            index.remove(file)
            index.remove(file)
        assert index.expired("T", 3, half * RECORD_BYTES) == []
        kept = index.read("T", 3, half, self.many, False)
        assert tags_codes(kept) == list(range(half, self.many))
        found = self.make_index(tmp_path).load(_FAR, half * RECORD_BYTES)["T", 3]
        assert (found.min_offset, found.next_offset) == (half, self.many)
        for file in index.expired("T", 3, _FAR):
            index.remove(file)
        last = index.read("T", 3, self.many - 1, 1, False)
        assert tags_codes(last) == [self.many - 1]

    def test_a_forgotten_queue_begins_anew(
        self, index: IQueueIndex, state: QueueState
    ) -> None:
        other = QueueState("T", 4)
        add(other, 1)
        index.write(other)
        index.forget("T", 3)
        assert index.read("T", 3, 0, 5, False) == b""
        assert set(index.load(_FAR, 0)) == {("T", 4)}
        anew = QueueState("T", 3)
        add(anew, 2)
        index.write(anew)
        assert tags_codes(index.read("T", 3, 0, 9, False)) == [0, 1]

    def test_a_topic_is_set_aside(
        self, tmp_path: Path, index: IQueueIndex, state: QueueState
    ) -> None:
        other = QueueState("U", 0)
        add(other, 1)
        index.write(other)
        assert index.set_aside("T", tmp_path / ".aside" / "1")
        assert not index.set_aside("T", tmp_path / ".aside" / "2")
        assert {file[0] for file in index.unsynced()} == {"U"}
        assert set(self.make_index(tmp_path).load(_FAR, 0)) == {("U", 0)}
