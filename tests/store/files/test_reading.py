from pathlib import Path

import pytest

from twistedmq.store.files.batch_queue_files import BatchQueueFiles
from twistedmq.store.files.commit_log import CommitLog
from twistedmq.store.files.extended_files import ExtendedFiles
from twistedmq.store.files.open_files import OpenFiles
from twistedmq.store.files.queue_files import QueueFiles
from twistedmq.store.files.queue_kinds import QueueKinds
from twistedmq.store.files.reading import QueueView, Reader, unpacked
from twistedmq.store.queue_reading import NotResidentError
from twistedmq.store.queue_state import ENTRY, QueueState
from twistedmq.testing.fake_files import FakeFiles


class Rig:
    def __init__(self) -> None:
        self.files = FakeFiles()
        opened = OpenFiles(self.files, 4)
        self.queue_files = QueueFiles(self.files, Path("/q"), 200, opened)
        kinds = QueueKinds(
            self.queue_files,
            BatchQueueFiles(self.files, Path("/b"), 460, opened),
            ExtendedFiles(self.files, Path("/e"), 1000, opened),
            set(),
        )
        self.log = CommitLog(self.files, Path("/log"), 1000, opened)
        self.log.load()
        self.resident = Reader(self.log, kinds, resident=True)
        self.waiting = Reader(self.log, kinds, resident=False)

    def queue(self, count: int, in_memory: int) -> QueueState:
        state = QueueState("T", 0)
        for n in range(count):
            state.tail += ENTRY.pack(n * 10, 10, n)
            state.next_offset += 1
        self.queue_files.write(state)
        state.shorten(in_memory)
        return state


@pytest.fixture
def rig() -> Rig:
    return Rig()


def tags(entries: bytes) -> list[int]:
    return [code for _, _, code in unpacked(entries)]


@pytest.mark.parametrize("in_memory", [0, 3, 12, 25])
@pytest.mark.parametrize("offset", [0, 9, 20, 24])
def test_entries_come_from_files_and_memory(
    rig: Rig, in_memory: int, offset: int
) -> None:
    view = QueueView.of(rig.queue(25, in_memory))
    assert tags(rig.resident.entries(view, offset, 99)) == list(range(offset, 25))
    assert tags(rig.waiting.entries(view, offset, 2)) == list(range(offset, 25))[:2]


def test_a_view_stays_as_it_was(rig: Rig) -> None:
    state = rig.queue(25, 10)
    view = QueueView.of(state)
    state.tail += ENTRY.pack(250, 10, 25)
    state.next_offset += 1
    rig.queue_files.write(state)
    state.shorten(0)
    assert tags(rig.waiting.entries(view, 0, 99)) == list(range(25))


def test_cold_entries_are_not_waited_for(rig: Rig) -> None:
    view = QueueView.of(rig.queue(25, 10))
    rig.files.cold = True
    assert len(rig.resident.entries(view, 15, 99)) == 200
    with pytest.raises(NotResidentError):
        rig.resident.entries(view, 14, 99)


def test_no_record_is_found_in_rubbish(rig: Rig) -> None:
    rig.log.append(b"\x7f\xff\xff\xff" + b"x" * 96)
    assert rig.waiting.record_at(0) is None
    assert rig.waiting.record_at(50) is None
    assert rig.waiting.record_at(-1) is None
    assert rig.waiting.record_at(99) is None
