"""When queue entries go into their files."""

from pathlib import Path

import pytest
from twisted.internet.task import Clock

from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.store.files.open_files import OpenFiles
from twistedmq.store.files.queue_files import QueueFiles
from twistedmq.store.files.queue_writer import QueueWriter
from twistedmq.store.queue_state import ENTRY, QueueState
from twistedmq.testing.fake_files import FakeFiles

FOLDER = Path("/store/consumequeue")


class Rig:
    def __init__(self) -> None:
        self.clock = Clock()
        self.files = FakeFiles()
        self.queue_files = QueueFiles(
            self.files, FOLDER, 20 * 300, OpenFiles(self.files, 16)
        )
        config = Live(StoreConfig(queue_write_interval_ms=100, warm_queues=2))
        self.writer = QueueWriter(self.clock, config, self.queue_files)

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
