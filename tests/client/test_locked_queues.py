"""More of it in test_orderly: here is what a whole consumer shows badly."""

import pytest
from client_kit import FakeCluster, held, result_of
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.client.consumer import Consumer
from twistedmq.client.locked_queues import LockedQueues, StillInWorkError
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.starting import StartFrom
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode

QUEUE = MessageQueue("T", "broker-0", 0)
RETRY = MessageQueue("%RETRY%G", "broker-0", 0)


class Slow:
    """A consumer whose messages are in work until the test says so."""

    def __init__(self, cluster: FakeCluster) -> None:
        cluster.create("T", queues=1)
        self.pending: list[Deferred[None]] = []
        settings = cluster.settings()
        start = StartFrom.FIRST
        self.consumer = Consumer(
            "G", {"T": "*"}, orderly=True, settings=settings, start_from=start
        )
        self.consumer.run(self._handle)
        locked = self.consumer._member._locked
        assert locked is not None
        self.locked: LockedQueues = locked

    def _handle(self, message: ReceivedMessage) -> Deferred[None]:
        self.pending.append(Deferred())
        return self.pending[-1]


@pytest.fixture
def slow(cluster: FakeCluster) -> Slow:
    return Slow(cluster)


def give_back(slow: Slow) -> None:
    result_of(Deferred.fromCoroutine(slow.locked.give_back(QUEUE)))


def test_what_is_in_work_is_acked_and_committed_before_the_lock_goes(
    cluster: FakeCluster, slow: Slow
) -> None:
    cluster.put("T", "a", "b")
    give_back(slow)
    assert QUEUE not in slow.consumer.queues
    assert ("G", QUEUE) in cluster.locks
    slow.pending[0].callback(None)
    assert ("G", QUEUE) not in cluster.locks
    assert cluster.committed["G", QUEUE] == 1
    assert len(slow.pending) == 1


def test_a_queue_that_comes_back_waits_for_what_is_in_work(
    cluster: FakeCluster, slow: Slow
) -> None:
    cluster.put("T", "a", "b")
    give_back(slow)
    with pytest.raises(StillInWorkError):
        result_of(Deferred.fromCoroutine(slow.locked.take(QUEUE)))
    slow.pending[0].callback(None)
    result_of(Deferred.fromCoroutine(slow.locked.take(QUEUE)))
    assert len(slow.pending) == 2


def test_a_queue_whose_offset_is_not_known_is_unlocked(
    cluster: FakeCluster, slow: Slow
) -> None:
    give_back(slow)
    cluster.refuse[RequestCode.QUERY_CONSUMER_OFFSET] = ResponseCode.SYSTEM_BUSY, "no"
    failed = held(Deferred.fromCoroutine(slow.locked.take(QUEUE)))
    assert failed
    assert ("G", QUEUE) not in cluster.locks


def test_of_a_lost_queue_nothing_is_committed(
    cluster: FakeCluster, slow: Slow, clock: Clock
) -> None:
    cluster.put("T", "a", "b")
    cluster.locks["G", QUEUE] = "another"
    clock.advance(20)
    assert slow.consumer.queues == [RETRY]
    cluster.committed["G", QUEUE] = 2  # the other one
    slow.pending[0].callback(None)
    clock.advance(5)
    assert cluster.committed["G", QUEUE] == 2
    del cluster.locks["G", QUEUE]
    clock.advance(20)
    assert slow.consumer.queues == [RETRY, QUEUE]
    assert len(slow.pending) == 1  # it goes on where the other one has ended


def test_closing_keeps_the_lock_of_what_is_in_work(
    cluster: FakeCluster, slow: Slow, clock: Clock
) -> None:
    cluster.put("T", "a")
    closed = held(slow.consumer.close())
    clock.advance(30)
    assert closed == [None]
    assert list(cluster.locks) == [("G", QUEUE)]


def test_what_fails_on_its_way_out_comes_to_the_next_owner(
    cluster: FakeCluster, slow: Slow, clock: Clock
) -> None:
    cluster.put("T", "a", "b")
    give_back(slow)
    slow.pending[0].errback(ValueError("no"))
    assert ("G", QUEUE) not in cluster.locks
    assert cluster.committed["G", QUEUE] == 0
    clock.advance(1)
    assert len(slow.pending) == 1
