"""A store while files of its queues are made in a thread: what else may happen then."""

from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from gate import Gate

from twistedmq.store.files.entry_files import EntryFiles
from twistedmq.store.files.open_files import OpenFiles
from twistedmq.store.files.store import FileStore
from twistedmq.store.files.vouch import read_vouch
from twistedmq.store.files_layer import OpenFile, RealFiles
from twistedmq.store.interfaces import StoreFullError
from twistedmq.store.queue_state import QueueState
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.contracts.message_store import records_of, value_of
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.stores import open_store, store_context
from twistedmq.testing.workers import HeldWorkers

ROOT = Path("/store")
QUEUES = ROOT / "consumequeue"
FAR_S = 60.0


class Rig:
    """A store whose threads do nothing until they are told to."""

    def __init__(self) -> None:
        self.files = FakeFiles()
        self.workers = HeldWorkers()
        self.context = store_context(ROOT, self.files, self.workers)
        self.store = FileStore(self.context)
        self.store.start()
        self.workers.go_on_all()
        value_of(self.store.ready)

    def send(self, topic: str, *queue_ids: int) -> list[int]:
        told = [Told(topic, queue_id) for queue_id in queue_ids or (0,)]
        return self.store.append(batch_of(told)).queue_offsets

    def vouch(self) -> list[Any]:
        """Begin to vouch; gives a list that the outcome comes into."""
        outcome: list[Any] = []
        self.store._voucher.vouch().addBoth(outcome.append)
        return outcome

    def pass_time(self, seconds: float = 0.0) -> None:
        self.context.reactor.advance(seconds)

    def queue_files(self) -> list[str]:
        """Give the files of queues there are, as TOPIC/QUEUE."""
        return [
            "/".join(path.parts[-3:-1])
            for path in self.files.paths()
            if QUEUES in path.parents
        ]

    def reopened(self) -> FileStore:
        self.files.kill_program()
        return open_store(ROOT, self.files)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def bodies(store: FileStore, topic: str, queue_id: int) -> int:
    """Count what a queue serves."""
    read = store.read_queue(topic, queue_id, 0, 32, 1 << 20, None, None)
    return len(list(records_of(value_of(read).records)))


def test_it_is_vouched_once_the_files_are_made(rig: Rig) -> None:
    rig.send("T", 0, 1)
    outcome = rig.vouch()
    assert not rig.queue_files()
    assert not outcome
    rig.workers.go_on()
    assert rig.queue_files() == ["T/0", "T/1"]
    rig.workers.go_on_all()
    assert outcome == [None]
    vouch = read_vouch(rig.files, rig.store._paths)
    assert vouch is not None
    assert (vouch.queue_count, vouch.entry_count) == (2, 2)
    assert bodies(rig.reopened(), "T", 1) == 1


def test_vouching_does_not_wait_for_queues_that_come_later(rig: Rig) -> None:
    rig.send("T", *range(40))
    outcome = rig.vouch()
    rig.send("Later")
    rig.workers.go_on()
    rig.pass_time()
    assert rig.workers.waiting == 1
    rig.workers.go_on()
    assert "Later/0" not in rig.queue_files()
    rig.workers.go_on_all()
    assert outcome == [None]


def test_sends_and_reads_go_on_meanwhile(rig: Rig) -> None:
    rig.send("T")
    rig.vouch()
    assert rig.send("T", 0, 0) == [1, 2]
    assert bodies(rig.store, "T", 0) == 3
    rig.workers.go_on_all()
    assert bodies(rig.store, "T", 0) == 3
    assert bodies(rig.reopened(), "T", 0) == 3


def test_a_topic_deleted_while_its_files_are_made_leaves_none(rig: Rig) -> None:
    rig.send("T", 0, 1)
    rig.send("U")
    rig.vouch()
    rig.store.delete_topic("T")
    rig.workers.go_on_all()
    assert rig.queue_files() == ["U/0"]
    assert not rig.files.is_folder(QUEUES / "T")
    assert rig.reopened().queues() == [("U", 0)]


def test_a_topic_that_is_made_again_meanwhile_begins_anew(rig: Rig) -> None:
    rig.send("T", *[0] * 60)  # more than one file
    rig.vouch()
    rig.store.delete_topic("T")
    assert rig.send("T") == [0]
    rig.workers.go_on_all()
    outcome = rig.vouch()
    rig.workers.go_on_all()
    assert outcome == [None]
    assert rig.queue_files() == ["T/0"]
    assert rig.reopened().queue_bounds("T", 0) == (0, 1)


@pytest.mark.parametrize("made_before", [False, True])
def test_a_cut_log_leaves_no_files_behind_its_end(rig: Rig, made_before: bool) -> None:
    end = rig.store.append(batch_of([Told("T")])).end
    rig.send("T", *[0] * 60)
    rig.send("U")
    rig.vouch()
    if made_before:
        rig.workers.go_on()
    rig.store.log_truncate(end)
    rig.workers.go_on_all()
    assert rig.queue_files()[0] == "T/0"
    assert rig.queue_files().count("T/0") == 1
    assert rig.send("T") == [1]
    rig.files.kill_program()
    assert rig.reopened().queues() == [("T", 0)]


@pytest.mark.parametrize("fault", ["room_bytes", "read_only"])
def test_files_that_cannot_be_made_stop_the_sends_until_they_can(
    rig: Rig, fault: str
) -> None:
    rig.send("T")
    healthy = getattr(rig.files, fault)
    outcome = rig.vouch()
    setattr(rig.files, fault, 0 if fault == "room_bytes" else True)
    rig.workers.go_on_all()
    assert outcome[0].check(OSError)
    words = "no space" if fault == "room_bytes" else "Read-only"
    with pytest.raises(StoreFullError, match=f"entries cannot be written: .*{words}"):
        rig.send("T")
    assert words in rig.store.status()["problem"]
    setattr(rig.files, fault, healthy)
    rig.pass_time(1.0)
    rig.workers.go_on_all()
    assert rig.store.status()["problem"] is None
    assert rig.send("T") == [1]
    outcome = rig.vouch()
    rig.workers.go_on_all()
    assert outcome == [None]


def test_a_stop_waits_for_what_is_made(rig: Rig) -> None:
    rig.send("T", *range(40))
    stopped: list[object] = []
    rig.store.stop().addCallback(stopped.append)
    rig.workers.go_on()
    assert not stopped
    rig.pass_time()
    rig.workers.go_on_all()
    rig.pass_time()
    rig.workers.go_on_all()
    assert stopped
    assert rig.files.size(ROOT / "abort") is None
    assert len(rig.queue_files()) == 40
    assert len(rig.reopened().queues()) == 40


def test_nothing_is_written_after_a_stop_that_failed(rig: Rig) -> None:
    rig.send("T")
    rig.files.read_only = True
    stopped: list[object] = []
    rig.store.stop().addCallback(stopped.append)
    rig.workers.go_on_all()
    assert stopped
    rig.files.read_only = False
    writes = rig.files.writes
    rig.pass_time(FAR_S)
    rig.workers.go_on_all()
    assert rig.files.writes == writes
    assert not rig.queue_files()
    assert bodies(rig.reopened(), "T", 0) == 1


def test_a_kill_between_making_and_writing_loses_nothing(rig: Rig) -> None:
    rig.send("T", *[0] * 60)
    making = rig.store._queue_files
    making.make(making.to_make(rig.store._queues.values()))
    assert rig.queue_files() == ["T/0", "T/0"]
    store = rig.reopened()
    assert store.queue_bounds("T", 0) == (0, 60)
    assert bodies(store, "T", 0) == 32
    assert store.append(batch_of([Told("T")])).queue_offsets == [60]


class SlowFiles(RealFiles):
    """Files whose making can be looked at while it goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate()

    def open(self, path: Path, *, create: bool = False) -> OpenFile:
        if create:
            self.gate.go_through()
        return super().open(path, create=create)


def test_who_sets_a_topic_aside_waits_for_the_file_that_is_being_made(
    tmp_path: Path,
) -> None:
    files = SlowFiles()
    entries = EntryFiles(
        files, tmp_path, 100, OpenFiles(files, 9), entry_bytes=10, setting="some"
    )
    states = [QueueState("T", queue_id) for queue_id in range(9)]
    for state in states:
        state.next_offset = 1
    wanted = entries.to_make(states)
    making = Thread(target=entries.make, args=(wanted,))
    deleting = Thread(target=entries.set_aside, args=("T", tmp_path / "aside"))
    making.start()
    files.gate.wait_reached()
    deleting.start()
    deleting.join(0.05)
    assert deleting.is_alive()
    files.gate.open()
    for thread in (making, deleting):
        thread.join(20)
    assert not (tmp_path / "T").exists()
    assert 1 <= len(list((tmp_path / "aside").iterdir())) <= 9
