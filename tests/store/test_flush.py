from typing import Any

import pytest
from twisted.internet.defer import Deferred

from twistedmq.store.flush import Flusher
from twistedmq.store.interfaces import StoreFullError
from twistedmq.testing.workers import HeldWorkers


class Rig:
    def __init__(self) -> None:
        self.workers = HeldWorkers()
        self.written = 0
        self.fails = False
        self.flusher = Flusher(self.workers, self.sync)

    def sync(self) -> int:
        if self.fails:
            raise OSError("bad sector")
        return self.written

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


def test_a_truncated_log_is_flushed_to_its_end_only(rig: Rig) -> None:
    rig.flusher.flushed = 100
    rig.flusher.truncated(60)
    assert rig.flusher.flushed == 60
