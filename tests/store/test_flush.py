from typing import Any

import pytest
from client_kit import held
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.store.flush import Flusher
from twistedmq.store.interfaces import StoreFullError
from twistedmq.testing.workers import HeldWorkers


class Rig:
    def __init__(self) -> None:
        self.workers = HeldWorkers()
        self.written = 0
        self.fails = False
        self.clock = Clock()
        self.again_from: list[int] = []
        self.flusher = Flusher(self.workers, self.sync, self.clock, self.again)

    def sync(self) -> int:
        if self.fails:
            raise OSError("bad sector")
        return self.written

    def again(self, start: int) -> int:
        self.again_from.append(start)
        return self.sync()

    def flush(self, end: int) -> Deferred[None]:
        waiting = self.flusher.flush(end)
        assert waiting is not None
        return waiting


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_what_is_flushed_is_not_waited_for(rig: Rig) -> None:
    rig.written = 10
    rig.flush(10)
    rig.workers.go_on()
    assert rig.flusher.flush(10) is None
    assert rig.flusher.flush(9) is None


def test_who_comes_during_a_sync_waits_for_the_next(rig: Rig) -> None:
    fired: list[int] = []
    rig.written = 10
    rig.flush(10).addCallback(lambda _: fired.append(10))
    rig.flush(20).addCallback(lambda _: fired.append(20))
    rig.flush(30).addCallback(lambda _: fired.append(30))
    assert rig.workers.waiting == 1
    rig.workers.go_on()
    assert fired == [10]
    rig.written = 30
    assert rig.workers.waiting == 1
    rig.workers.go_on()
    assert fired == [10, 20, 30]
    assert rig.workers.waiting == 0


def test_a_failed_sync_fails_all_who_wait_and_who_come(
    rig: Rig, logged_failures: Any
) -> None:
    rig.fails = True
    failed: list[Any] = []
    for end in (10, 20):
        rig.flush(end).addErrback(failed.append)
    rig.workers.go_on()
    rig.flush(30).addErrback(failed.append)
    assert len(failed) == 3
    assert all(f.check(StoreFullError) for f in failed)
    assert "bad sector" in failed[0].getErrorMessage()
    assert rig.workers.waiting == 0


def test_what_failed_is_written_again_from_the_last_good_sync(
    rig: Rig, logged: Any
) -> None:
    rig.written = 7
    rig.flush(7)
    rig.workers.go_on()
    rig.written, rig.fails = 20, True
    failed: list[Any] = []
    rig.flush(20).addErrback(failed.append)
    rig.workers.go_on()
    assert logged("failed to sync the log: bad sector", "nothing more is stored")
    rig.clock.advance(4.9)
    assert not rig.workers.waiting
    for _ in range(3):
        rig.clock.advance(5)
        rig.workers.go_on()
        rig.flush(20).addErrback(failed.append)
    assert rig.again_from == [7, 7, 7]
    assert rig.flusher.flushed == 7
    rig.fails = False
    rig.clock.advance(5)
    rig.workers.go_on()
    assert rig.again_from == [7, 7, 7, 7]
    assert (rig.flusher.flushed, rig.flusher.failed) == (20, None)
    assert rig.flusher.flush(20) is None
    assert logged("well again: 13 bytes")
    assert len(failed) == 4
    assert not rig.clock.getDelayedCalls()


def test_a_sync_that_ends_well_after_the_log_broke_proves_nothing(rig: Rig) -> None:
    failed: list[Any] = []
    rig.written = 10
    rig.flush(10).addErrback(failed.append)
    rig.flusher.fail("the end of the log could not be restored")
    assert len(failed) == 1
    rig.workers.go_on()
    assert rig.flusher.flushed == 0
    rig.clock.advance(5)
    rig.workers.go_on()
    assert rig.flusher.flushed == 10


def test_nothing_is_tried_after_a_stop(rig: Rig) -> None:
    rig.flusher.fail("ill")
    rig.flusher.stop()
    rig.flusher.fail("ill")
    rig.flusher.stop()
    assert not rig.clock.getDelayedCalls()


def test_a_truncated_log_is_flushed_to_its_end_only(rig: Rig) -> None:
    rig.flusher.flushed = 100
    rig.flusher.truncated(60)
    assert rig.flusher.flushed == 60


def test_a_sync_waits_a_little_for_those_who_come_back(rig: Rig) -> None:
    fired: list[int] = []

    def flush(end: int) -> None:
        rig.written = end
        rig.flush(end).addCallback(lambda _: fired.append(end))

    flush(1000)
    rig.clock.advance(0.004)
    rig.workers.go_on()
    assert fired == [1000]
    flush(1500)  # half of those who were released
    assert rig.workers.waiting == 0
    flush(2000)
    assert rig.workers.waiting == 1
    rig.clock.advance(0.004)
    rig.workers.go_on()
    assert fired == [1000, 1500, 2000]
    flush(2100)
    rig.clock.advance(0.002)
    assert rig.workers.waiting == 1  # nobody else came


def test_a_stop_and_a_failure_end_the_waiting(rig: Rig, logged_failures: Any) -> None:
    rig.written = 1000
    rig.flush(1000)
    rig.clock.advance(0.004)
    rig.workers.go_on()
    late = rig.flush(1100)
    rig.flusher.stop()
    assert rig.workers.waiting == 1
    rig.workers.go_on()
    assert rig.workers.waiting == 1  # at once again, though there is no company
    assert late.called is False  # it was not covered: 1000 bytes are written
    rig.flusher.fail("gone")
    late.addErrback(lambda failure: failure.trap(StoreFullError))
    assert late.called
    assert not rig.clock.getDelayedCalls()


def test_who_waits_for_what_is_cut_off_is_told(rig: Rig) -> None:
    outcome: list[Any] = []
    rig.written = 10
    rig.flush(10).addBoth(outcome.append)
    rig.flush(20).addBoth(outcome.append)
    rig.flusher.truncated(10)
    assert [failure.type for failure in outcome] == [StoreFullError]
    rig.workers.go_on_all()
    assert outcome[1:] == [None]


def test_nothing_is_waited_for_after_a_cut(rig: Rig) -> None:
    rig.written = 10
    failures: list[Any] = []
    rig.flush(20).addErrback(failures.append)
    rig.flusher.truncated(10)
    rig.workers.go_on_all()
    assert failures
    assert rig.flusher.flush(10) is None


def test_a_thread_is_asked_where_it_does_not_go_without() -> None:
    clock, workers = Clock(), HeldWorkers()
    alone: list[Deferred[int] | None] = [Deferred(), None]
    flusher = Flusher(
        workers, lambda: 20, clock, lambda _start: 0, lambda: alone.pop(0)
    )
    first = alone[0]
    assert first is not None
    flusher.flush(10)
    flusher.flush(20)
    assert workers.waiting == 0
    first.callback(10)
    assert flusher.flushed == 10
    assert workers.waiting == 1
    workers.go_on()
    assert flusher.flushed == 20


def test_a_sync_begins_before_anybody_waits_who_is_about_to(rig: Rig) -> None:
    rig.flusher.hurry(10)
    assert rig.workers.waiting == 1
    waiting = held(rig.flush(10))
    assert rig.workers.waiting == 1
    rig.written = 10
    rig.workers.go_on()
    assert waiting == [None]
    rig.flusher.hurry(10)
    assert rig.workers.waiting == 0


def test_nothing_is_hurried_where_syncing_failed(
    rig: Rig, logged_failures: Any
) -> None:
    rig.fails = True
    rig.flusher.hurry(10)
    rig.workers.go_on()
    rig.flusher.hurry(20)
    assert rig.workers.waiting == 0
    assert rig.flusher.failed is not None
