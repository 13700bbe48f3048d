import pytest
from twisted.internet.task import Clock

from twistedmq.broker.locks.table import LOCK_SECONDS, QueueLocks
from twistedmq.protocol.bodies import MessageQueue

Q0, Q1 = (MessageQueue("T", "broker-a", number) for number in (0, 1))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def locks(clock: Clock) -> QueueLocks:
    return QueueLocks(clock.seconds)


def test_who_comes_first_gets_the_lock(locks: QueueLocks) -> None:
    assert locks.lock("g", [Q0], "c1") == [Q0]
    assert locks.lock("g", [Q0, Q1], "c2") == [Q1]
    assert locks.lock("g", [Q0, Q1], "c1") == [Q0]


def test_groups_do_not_meet(locks: QueueLocks) -> None:
    assert locks.lock("g1", [Q0], "c1") == locks.lock("g2", [Q0], "c2") == [Q0]


def test_a_lock_that_is_not_taken_again_runs_out(
    locks: QueueLocks, clock: Clock
) -> None:
    locks.lock("g", [Q0, Q1], "c1")
    clock.advance(LOCK_SECONDS)
    assert locks.lock("g", [Q0], "c1") == [Q0]
    clock.advance(1)
    assert locks.lock("g", [Q0, Q1], "c2") == [Q1]


def test_only_the_holder_gives_a_lock_up(locks: QueueLocks) -> None:
    locks.lock("g", [Q0], "c1")
    locks.unlock("g", [Q0, Q1], "c2")
    assert locks.lock("g", [Q0], "c2") == []
    locks.unlock("g", [Q0], "c1")
    assert locks.lock("g", [Q0], "c2") == [Q0]
    locks.unlock("unknown", [Q0], "c1")


def test_a_group_with_a_lock_consumes_in_order(locks: QueueLocks, clock: Clock) -> None:
    assert not locks.any_held("g")
    locks.lock("g", [Q0], "c1")
    assert locks.any_held("g")
    clock.advance(LOCK_SECONDS + 1)
    assert not locks.any_held("g")
