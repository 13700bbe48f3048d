import pytest
from twisted.internet.task import Clock

from twistedmq.broker.locks.table import QueueLocks
from twistedmq.config.live import Live
from twistedmq.config.locks import LockConfig
from twistedmq.protocol.bodies import MessageQueue

LOCK_SECONDS = LockConfig().expires_ms / 1000
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


def test_who_holds_what_is_shown(locks: QueueLocks, clock: Clock) -> None:
    locks.lock("g", [Q1, Q0], "c1")
    clock.advance(30)
    locks.lock("g", [MessageQueue("S", "broker-a", 0)], "c2")
    assert locks.holders("g") == {
        "c1": [Q0, Q1],
        "c2": [MessageQueue("S", "broker-a", 0)],
    }
    clock.advance(31)
    assert list(locks.holders("g")) == ["c2"]
    assert locks.holders("unknown") == {}


def test_how_long_a_lock_lasts_is_a_setting(clock: Clock) -> None:
    config = Live(LockConfig())
    locks = QueueLocks(clock.seconds, config)
    locks.lock("g", [Q0], "c1")
    config.replace(expires_ms=5_000)
    clock.advance(5)
    assert locks.lock("g", [Q0], "c2") == []
    clock.advance(0.5)
    assert locks.lock("g", [Q0], "c2") == [Q0]


def test_made_up_groups_and_queues_are_forgotten(
    locks: QueueLocks, clock: Clock
) -> None:
    for number in range(100):
        locks.lock(f"g{number}", [MessageQueue("T", "b", number)], "c")
    locks.lock("empty", [], "c")
    clock.advance(LOCK_SECONDS + 1)
    locks.lock("g", [Q0], "c")
    assert list(locks._locks) == ["g"]


def test_a_consumer_in_order_keeps_its_queues_and_loses_them_when_it_is_silent(
    locks: QueueLocks, clock: Clock
) -> None:
    """As clients do it: each locks its queues every 20 s and at a rebalance."""
    for _ in range(9):
        assert locks.lock("g", [Q0, Q1], "c1") == [Q0, Q1]
        assert locks.lock("g", [Q1], "c2") == []  # it waits, and asks again
        clock.advance(20)
    locks.unlock("g", [Q1], "c1")  # a rebalance gave it to the other one
    assert locks.lock("g", [Q1], "c2") == [Q1]
    clock.advance(40)
    locks.lock("g", [Q1], "c2")
    assert locks.lock("g", [Q0], "c2") == []
    clock.advance(1)  # the first one was last heard of 61 s ago
    assert locks.lock("g", [Q0], "c2") == [Q0]
    assert locks.lock("g", [Q0], "c1") == []
