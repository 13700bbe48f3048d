"""When queue entries go into their files."""

import errno
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.task import Clock

from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.store.files import queue_writer
from twistedmq.store.files.open_files import OpenFiles
from twistedmq.store.files.queue_files import QueueFiles
from twistedmq.store.files.queue_writer import QueueWriter
from twistedmq.store.queue_state import ENTRY, QueueState
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.workers import HeldWorkers, InlineWorkers

FOLDER = Path("/store/consumequeue")


class Rig:
    def __init__(self, workers: Any = None) -> None:
        self.clock = Clock()
        self.files = FakeFiles()
        self.queue_files = QueueFiles(
            self.files, FOLDER, 20 * 300, OpenFiles(self.files, 16)
        )
        config = Live(StoreConfig(queue_write_interval_ms=100, warm_queues=2))
        self.writer = QueueWriter(
            self.clock, config, self.queue_files, workers or InlineWorkers()
        )

    def grow(self, state: QueueState, count: int) -> None:
        for _ in range(count):
            state.tail += ENTRY.pack(state.next_offset * 100, 100, 7)
            state.next_offset += 1
        self.writer.grew([state] * count)

    def on_disk(self, state: QueueState) -> int:
        entries = self.queue_files.read(state.topic, state.queue_id, 0, 300, False)
        return sum(size > 0 for _, size, _ in ENTRY.iter_unpack(entries))


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_a_busy_queue_is_written_after_the_interval(rig: Rig) -> None:
    state = QueueState("t", 0)
    rig.grow(state, 64)
    assert rig.on_disk(state) == 0
    rig.clock.advance(0.1)
    assert rig.on_disk(state) == 64
    assert rig.writer.dirty == 0


def test_queues_with_few_entries_wait_until_they_are_asked_for(rig: Rig) -> None:
    states = [QueueState("t", n) for n in range(200)]
    for state in states:
        rig.grow(state, 1)
    rig.clock.pump([0.1] * 50)
    assert rig.writer.dirty == 200
    drained = rig.writer.drain()
    rig.clock.pump([0] * 5)
    assert drained.called
    assert all(rig.on_disk(state) == 1 for state in states)


def test_a_failed_write_is_told_and_tried_again(rig: Rig) -> None:
    state = QueueState("t", 0)
    rig.grow(state, 64)
    rig.files.room_bytes = 0
    rig.clock.advance(0.1)
    assert rig.writer.failing is not None
    assert rig.writer.drain().called
    rig.files.room_bytes = None
    rig.clock.advance(0.1)
    assert rig.writer.failing is None
    assert rig.on_disk(state) == 64


def test_a_drain_covers_what_grew_since_a_round_began(rig: Rig) -> None:
    early, late = QueueState("early", 0), QueueState("late", 0)
    rig.grow(early, 64)
    rig.files.room_bytes = 0
    rig.clock.advance(0.1)  # the round began, and did not come far
    rig.files.room_bytes = None
    rig.grow(late, 1)
    drained = rig.writer.drain()
    rig.clock.advance(0)
    assert drained.called
    assert (rig.on_disk(early), rig.on_disk(late)) == (64, 1)


def test_a_deleted_queue_is_not_written(rig: Rig) -> None:
    state = QueueState("t", 0)
    rig.grow(state, 1)
    rig.writer.forget([state])
    rig.writer.write_all()
    assert rig.on_disk(state) == 0


def test_few_queues_keep_their_last_entries_in_memory(rig: Rig) -> None:
    states = [QueueState("t", n) for n in range(3)]
    for state in states:
        rig.grow(state, 1)
        rig.writer.write_all()
    assert [len(state.tail) for state in states] == [0, 20, 20]


def test_queues_that_have_their_files_do_not_wait_for_others() -> None:
    workers = HeldWorkers()
    rig = Rig(workers)
    old, new = QueueState("old", 0), QueueState("new", 0)
    rig.grow(old, 1)
    rig.writer.write_all()
    rig.grow(old, 64)
    rig.grow(new, 64)
    rig.clock.advance(0.1)
    assert (rig.on_disk(old), rig.on_disk(new)) == (65, 0)
    assert rig.writer.dirty == 1
    workers.go_on()
    assert rig.on_disk(new) == 64
    assert rig.writer.dirty == 0


def test_a_write_that_fails_after_the_file_was_made_is_tried_again() -> None:
    workers = HeldWorkers()
    rig = Rig(workers)
    states = [QueueState("t", n) for n in range(3)]
    for state in states:
        rig.grow(state, 64)
    rig.clock.advance(0.1)
    rig.files.fail_write = errno.EIO
    workers.go_on()
    assert rig.writer.failing is not None
    assert "Input/output" in rig.writer.failing
    drained = rig.writer.drain()
    assert drained.called
    rig.files.fail_write = None
    rig.clock.advance(0.1)
    workers.go_on_all()
    assert rig.writer.failing is None
    assert [rig.on_disk(state) for state in states] == [64] * 3


def test_a_drain_tries_again_what_could_not_be_made() -> None:
    workers = HeldWorkers()
    rig = Rig(workers)
    state = QueueState("t", 0)
    rig.grow(state, 1)
    rig.files.read_only = True
    first = rig.writer.drain()
    workers.go_on()
    assert first.called
    assert rig.writer.failing is not None
    rig.files.read_only = False
    second = rig.writer.drain()
    assert not second.called
    workers.go_on()
    assert second.called
    assert rig.writer.failing is None
    assert rig.on_disk(state) == 1


def test_where_too_much_waits_for_files_they_are_made_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue_writer, "_MOST_HELD", 5_000)
    rig = Rig(HeldWorkers())  # a disk that is very slow
    states = [QueueState("t", n) for n in range(50)]
    for state in states:
        rig.grow(state, 100)
    rig.clock.advance(0.1)
    assert rig.writer.dirty == 50
    rig.grow(states[0], 300)
    rig.clock.pump([0.1] + [0] * 20)
    written = [state for state in states if rig.on_disk(state)]
    assert len(written) == 2  # so many a turn, until no more than that is held
    for state in states[:18]:
        rig.grow(state, 1_000)
    rig.clock.pump([0.1] + [0] * 20)
    assert rig.writer.dirty == 32  # those that are in the hands of the thread


def test_all_that_waits_is_counted_off_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_writer, "_MOST_HELD", 100)
    workers = HeldWorkers()
    rig = Rig(workers)
    kept, gone = QueueState("kept", 0), QueueState("gone", 0)
    for _ in range(9):
        rig.grow(kept, 64)
        rig.grow(gone, 64)
        rig.clock.advance(0.1)
        rig.writer.forget([gone])
        rig.queue_files.forget("gone", 0)
        gone = QueueState("gone", 0)
        workers.go_on_all()
    rig.grow(gone, 99)
    rig.clock.advance(0.1)
    assert rig.on_disk(gone) == 0
    assert workers.waiting == 1


@pytest.mark.parametrize("turns", [0, 1, 2])
def test_a_drain_ends_where_all_that_was_to_be_written_is_gone(turns: int) -> None:
    workers = HeldWorkers()
    rig = Rig(workers)
    states = [QueueState("t", n) for n in range(200)]
    for state in states:
        rig.grow(state, 1)
    drained = rig.writer.drain()
    rig.clock.pump([0] * turns)
    assert not drained.called
    rig.writer.forget(states)
    rig.queue_files.set_aside("t", FOLDER / ".aside")
    workers.go_on_all()
    rig.clock.pump([0] * 5)
    assert drained.called
    assert rig.writer.dirty == 0
    assert not rig.files.paths()
