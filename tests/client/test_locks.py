from typing import Any

import pytest
from client_kit import FakeCluster, held, result_of
from twisted.internet.task import Clock

from twistedmq.client.locks import LockParts, QueueLockedError, QueueLocks
from twistedmq.client.session import Session
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode

ONE, TWO = (MessageQueue("T", "broker-0", n) for n in (0, 1))
LOCK = RequestCode.LOCK_BATCH_MQ
REFUSAL = ResponseCode.SYSTEM_BUSY, "no"


class Locks:
    """Locks, and what they told."""

    def __init__(self, cluster: FakeCluster) -> None:
        session = Session(cluster.settings())
        result_of(session.start())
        result_of(session.routes.get("T"))
        session.routes.stop()
        parts = LockParts("G", "me", session.calls, session.routes, session.reactor)
        self.locks = QueueLocks(parts)
        self.lost: list[MessageQueue] = []
        self.renewed = 0
        self.locks.on_lost = self.lost.append
        self.locks.on_renewed = self._renewed
        self.locks.start()

    def _renewed(self) -> None:
        self.renewed += 1


@pytest.fixture
def told(cluster: FakeCluster) -> Locks:
    cluster.create("T", queues=2)
    return Locks(cluster)


@pytest.fixture
def locks(told: Locks) -> QueueLocks:
    return told.locks


def test_a_lock_is_taken_and_given_back(
    cluster: FakeCluster, locks: QueueLocks
) -> None:
    result_of(locks.acquire(ONE))
    assert locks.holds(ONE)
    assert cluster.locks == {("G", ONE): "me"}
    result_of(locks.release([ONE, TWO]))
    assert not locks.holds(ONE)
    assert cluster.locks == {}


def test_what_another_has_is_not_taken(cluster: FakeCluster, locks: QueueLocks) -> None:
    cluster.locks["G", ONE] = "another"
    with pytest.raises(QueueLockedError, match="another member") as caught:
        result_of(locks.acquire(ONE))
    assert caught.value.queue == ONE
    assert not locks.holds(ONE)


def test_locks_are_renewed(told: Locks, locks: QueueLocks, clock: Clock) -> None:
    result_of(locks.acquire(ONE))
    for _ in range(5):
        clock.advance(20)
        assert locks.holds(ONE)
    assert told.renewed == 5
    assert locks.locked_s(ONE) == 100
    locks.stop()
    assert not clock.getDelayedCalls()


def test_what_cannot_be_renewed_expires(
    cluster: FakeCluster, locks: QueueLocks, clock: Clock
) -> None:
    result_of(locks.acquire(ONE))
    cluster.refuse[LOCK] = REFUSAL
    clock.advance(29)
    assert locks.holds(ONE)
    clock.advance(1)
    assert not locks.holds(ONE)
    cluster.refuse.clear()
    clock.advance(20)
    assert locks.holds(ONE)


def test_a_lock_that_another_has_got_is_lost(
    cluster: FakeCluster, told: Locks, locks: QueueLocks, clock: Clock
) -> None:
    result_of(locks.acquire(ONE))
    cluster.locks["G", ONE] = "another"
    clock.advance(20)
    assert told.lost == [ONE]
    assert locks.locked_s(ONE) is None


def test_a_lock_that_another_may_have_had_is_lost(
    cluster: FakeCluster, told: Locks, locks: QueueLocks, clock: Clock
) -> None:
    result_of(locks.acquire(ONE))
    cluster.refuse[LOCK] = REFUSAL
    clock.pump([20, 20])
    cluster.refuse.clear()
    clock.advance(20)
    assert told.lost == [ONE]
    assert cluster.locks == {}


def test_what_is_given_up_during_a_renewal_does_not_stay_locked(
    cluster: FakeCluster, locks: QueueLocks, clock: Clock
) -> None:
    result_of(locks.acquire(ONE))
    answer = cluster.wait_for(LOCK)
    clock.advance(20)
    result_of(locks.release([ONE]))
    answer.callback(None)
    assert cluster.locks == {}


def test_giving_back_never_fails(cluster: FakeCluster, locks: QueueLocks) -> None:
    result_of(locks.acquire(ONE))
    cluster.refuse[RequestCode.UNLOCK_BATCH_MQ] = REFUSAL
    released: list[Any] = held(locks.release([ONE]))
    assert released == [None]


def test_a_doubted_lock_is_asked_for_before_more_is_begun(
    cluster: FakeCluster, told: Locks, locks: QueueLocks
) -> None:
    result_of(locks.acquire(ONE))
    answer = cluster.wait_for(LOCK)
    locks.doubt("another")
    assert locks.holds(ONE)
    locks.doubt("broker-0")
    assert not locks.holds(ONE)
    answer.callback(None)
    assert locks.holds(ONE)
    assert told.renewed == 1


def test_a_doubt_is_cleared_as_soon_as_the_broker_answers(
    cluster: FakeCluster, told: Locks, locks: QueueLocks, clock: Clock
) -> None:
    """Pulls may go on already: nobody else would ask before the next renewal."""
    result_of(locks.acquire(ONE))
    cluster.refuse[LOCK] = REFUSAL
    locks.doubt("broker-0")
    clock.advance(1)
    assert not locks.holds(ONE)
    cluster.refuse.clear()
    clock.advance(1)
    assert locks.holds(ONE)
    asked = len(cluster.requests)
    clock.advance(10)
    assert len(cluster.requests) == asked


def test_many_doubts_at_a_time_are_one_question(
    cluster: FakeCluster, locks: QueueLocks, clock: Clock
) -> None:
    result_of(locks.acquire(ONE))
    result_of(locks.acquire(TWO))
    cluster.refuse[LOCK] = REFUSAL
    before = cluster.codes().count(LOCK)
    for _ in range(16):
        locks.doubt("broker-0")
    assert cluster.codes().count(LOCK) == before + 1
    locks.stop()
    assert not clock.getDelayedCalls()


@pytest.mark.parametrize("moved", [False, True])
def test_after_a_doubt_it_is_looked_whether_others_went_on(
    cluster: FakeCluster, told: Locks, locks: QueueLocks, moved: bool
) -> None:
    async def was_moved(queue: MessageQueue) -> bool:
        return moved

    locks.was_moved = was_moved
    result_of(locks.acquire(ONE))
    locks.doubt("broker-0")
    assert locks.holds(ONE) is not moved
    assert told.lost == [ONE] * moved


def test_what_is_acquired_anew_during_a_renewal_stays_locked(
    cluster: FakeCluster, told: Locks, locks: QueueLocks, clock: Clock
) -> None:
    """An unlock that comes behind that lock would undo it unnoticed."""
    result_of(locks.acquire(ONE))
    renewal = cluster.wait_for(LOCK)
    clock.advance(20)
    result_of(locks.release([ONE]))
    again = cluster.wait_for(LOCK)
    acquired = held(locks.acquire(ONE))
    renewal.callback(None)
    again.callback(None)
    assert acquired == [None]
    assert cluster.locks == {("G", ONE): "me"}
    assert RequestCode.UNLOCK_BATCH_MQ not in cluster.codes()[-1:]
