"""Files of queues are made in a thread: what may come between, and what must not."""

import errno
from collections.abc import Sequence
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.store.files.open_files import OpenFiles
from twistedmq.store.files.queue_files import QueueFiles
from twistedmq.store.files.queue_making import QueueMaking
from twistedmq.store.queue_state import ENTRY, QueueState
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.workers import HeldWorkers, InlineWorkers

FOLDER = Path("/store/consumequeue")


def grown(topic: str, queue_id: int = 0) -> QueueState:
    state = QueueState(topic, queue_id)
    state.tail += ENTRY.pack(100, 100, 7)
    state.next_offset = 1
    return state


class Rig:
    def __init__(self, workers: InlineWorkers | HeldWorkers) -> None:
        self.clock = Clock()
        self.files = FakeFiles()
        self.queue_files = QueueFiles(self.files, FOLDER, 200, OpenFiles(self.files, 4))
        self.ended: list[list[QueueState]] = []
        config = Live(StoreConfig(queue_write_interval_ms=100))
        self.making = QueueMaking(
            self.clock, config, workers, self.queue_files, self.has_ended
        )

    def has_ended(self, states: Sequence[QueueState]) -> None:
        self.ended.append(list(states))

    def add(self, *states: QueueState) -> None:
        for state in states:
            self.making.add(state)
        self.making.go_on()

    @property
    def made(self) -> list[str]:
        return [path.parts[-3] for path in self.files.paths()]


@pytest.fixture
def workers() -> HeldWorkers:
    return HeldWorkers()


@pytest.fixture
def rig(workers: HeldWorkers) -> Rig:
    return Rig(workers)


def test_files_are_made_whole_and_nothing_is_written(
    rig: Rig, workers: HeldWorkers
) -> None:
    state = grown("T")
    rig.add(state)
    assert not rig.files.paths()
    workers.go_on()
    assert rig.ended == [[state]]
    assert [len(rig.files.content(path)) for path in rig.files.paths()] == [200]
    assert rig.files.writes == 0
    assert not rig.queue_files.unsynced()


def test_one_job_at_a_time_makes_some_in_their_order(
    rig: Rig, workers: HeldWorkers
) -> None:
    states = [grown(f"T{n:02}") for n in range(70)]
    rig.add(*states)
    rig.making.go_on()
    counts = []
    while workers.waiting:
        assert workers.waiting == 1
        workers.go_on()
        counts.append(len(rig.made))
    assert counts == [32, 64, 70]
    assert [state for states in rig.ended for state in states] == states


def test_very_many_are_made_without_threads() -> None:
    rig = Rig(InlineWorkers())
    rig.add(*[grown("T", n) for n in range(2_000)])
    assert len(rig.made) == 2_000


def test_who_waits_is_asked_for_by_number(rig: Rig, workers: HeldWorkers) -> None:
    assert rig.making.is_past(rig.making.last)
    first, second = grown("A"), grown("B")
    rig.add(first)
    until = rig.making.last
    rig.add(second)
    rig.making.add(first)  # it has its place already
    assert not rig.making.is_past(until)
    workers.go_on()
    assert rig.making.is_past(until)
    assert not rig.making.is_past(rig.making.last)
    workers.go_on()
    assert rig.making.is_past(rig.making.last)


def test_who_is_forgotten_waits_no_more(rig: Rig, workers: HeldWorkers) -> None:
    first, second, third = grown("A"), grown("B"), grown("C")
    rig.add(first, second)
    rig.making.add(third)
    for state in (first, third):
        rig.making.forget(state)
        rig.queue_files.forget(state.topic, 0)
    workers.go_on_all()
    assert rig.ended == [[second]]
    assert rig.made == ["B"]


def test_the_last_ones_are_given_back_but_for_those_in_the_job(
    rig: Rig, workers: HeldWorkers
) -> None:
    first, second = grown("A"), grown("B")
    rig.add(first)
    assert not rig.making.has_more
    rig.making.add(second)
    assert rig.making.has_more
    assert rig.making.take_back() is second
    assert not rig.making.has_more
    workers.go_on_all()
    assert rig.made == ["A"]


def test_what_fails_is_tried_again_after_a_while(
    rig: Rig, workers: HeldWorkers
) -> None:
    state = grown("T")
    rig.add(state)
    rig.files.room_bytes = 0
    workers.go_on()
    assert rig.making.problem is not None
    assert "no space left" in rig.making.problem
    assert rig.making.has_given_up
    assert rig.ended == [[]]
    rig.making.go_on()  # not before its time
    assert not workers.waiting
    rig.files.room_bytes = None
    rig.clock.advance(0.1)
    assert not rig.making.has_given_up
    assert rig.making.problem is not None  # not yet known to be over
    workers.go_on()
    assert rig.making.problem is None
    assert rig.ended[1:] == [[state]]


def test_who_is_in_a_hurry_does_not_wait_for_that(
    rig: Rig, workers: HeldWorkers
) -> None:
    rig.add(grown("T"))
    rig.files.read_only = True
    workers.go_on()
    rig.files.read_only = False
    rig.making.hurry()
    rig.making.go_on()
    workers.go_on()
    assert rig.making.problem is None
    assert not rig.clock.getDelayedCalls()


def test_a_failure_is_over_when_nobody_wants_the_file_any_more(
    rig: Rig, workers: HeldWorkers
) -> None:
    state = grown("T")
    rig.add(state)
    rig.files.read_only = True
    workers.go_on()
    rig.making.forget(state)
    rig.clock.advance(0.1)
    assert rig.making.problem is None
    assert not workers.waiting
    assert rig.ended == [[], []]


def test_what_was_made_before_a_failure_is_made_once(
    rig: Rig, workers: HeldWorkers
) -> None:
    states = [grown(topic) for topic in "ABC"]
    rig.add(*states)
    made = rig.files.open

    def fails_for_b(path: Path, *, create: bool = False) -> object:
        if "B" in path.parts:
            raise OSError(errno.EIO, "I/O error", str(path))
        return made(path, create=create)

    rig.files.open = fails_for_b  # type: ignore[assignment,method-assign]
    workers.go_on()
    assert rig.made == ["A"]
    assert rig.making.problem is not None
    rig.files.open = made  # type: ignore[method-assign]
    rig.clock.advance(0.1)
    workers.go_on()
    assert rig.made == ["A", "B", "C"]
    assert rig.ended == [[], states]


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_more_happens_after_a_stop(
    rig: Rig, workers: HeldWorkers, fails: bool
) -> None:
    rig.add(grown("A"))
    rig.making.stop()
    rig.files.read_only = fails
    workers.go_on_all()
    rig.add(grown("B"))
    assert rig.ended == []
    assert not workers.waiting
    assert not rig.clock.getDelayedCalls()
