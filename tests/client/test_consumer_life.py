"""A consumer that is started, closed, cancelled and run at awkward moments."""

from typing import Any

import pytest
from client_kit import FakeCluster, held, result_of
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock

from twistedmq.client.consumer import Consumer
from twistedmq.client.errors import AlreadyRunsError, ArgumentError, NotRunningError
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.starting import StartFrom
from twistedmq.protocol.codes import RequestCode


@pytest.fixture
def consumer(cluster: FakeCluster) -> Consumer:
    cluster.create("T", queues=2)
    settings = cluster.settings()
    return Consumer("G", {"T": "*"}, settings=settings, start_from=StartFrom.FIRST)


def test_closing_while_a_run_starts_ends_the_run(
    cluster: FakeCluster, consumer: Consumer, clock: Clock
) -> None:
    cluster.wait_for(RequestCode.HEART_BEAT)
    ran = held(consumer.run(lambda message: None))
    result_of(consumer.close())
    assert ran == [None]
    assert not clock.getDelayedCalls()


def test_a_run_that_is_cancelled_while_it_starts_closes(
    cluster: FakeCluster, consumer: Consumer, clock: Clock
) -> None:
    cluster.wait_for(RequestCode.HEART_BEAT)
    running = consumer.run(lambda message: None)
    ran = held(running)
    running.cancel()
    assert ran[0].check(CancelledError)
    assert cluster.closed == 1
    assert not clock.getDelayedCalls()


def test_a_run_waits_for_a_start_that_is_under_way(
    cluster: FakeCluster, consumer: Consumer
) -> None:
    cluster.put("T", "a")
    beat = cluster.wait_for(RequestCode.HEART_BEAT)
    got: list[bytes] = []
    held(consumer.start())
    ran = held(consumer.run(lambda message: got.append(message.body)))
    assert not got
    beat.callback(None)
    assert got == [b"a"]
    result_of(consumer.close())
    assert ran == [None]


def test_a_consumer_runs_one_function(consumer: Consumer) -> None:
    ran = held(consumer.run(lambda message: None))
    with pytest.raises(AlreadyRunsError, match="make another one"):
        result_of(consumer.run(lambda message: None))
    assert not ran
    result_of(consumer.close())
    assert ran == [None]


def test_what_was_closed_does_not_run(consumer: Consumer) -> None:
    result_of(consumer.start())
    result_of(consumer.close())
    with pytest.raises(NotRunningError, match="is closed: make a new one"):
        result_of(consumer.run(lambda message: None))


def test_a_close_that_fails_half_way_ends_runs_and_connections(
    cluster: FakeCluster, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_patience_s: float) -> Deferred[None]:
        raise RuntimeError("broken")

    ran = held(consumer.run(lambda message: None))
    monkeypatch.setattr(consumer._consumption, "stop", broken)
    with pytest.raises(RuntimeError, match="broken"):
        result_of(consumer.close())
    assert ran == [None]
    assert cluster.closed == 1


def test_subscribing_while_it_joins_is_no_trouble(
    cluster: FakeCluster, consumer: Consumer
) -> None:
    cluster.create("U", queues=1)
    route = cluster.wait_for(RequestCode.GET_ROUTEINFO_BY_TOPIC)
    started: list[Any] = held(consumer.start())
    held(consumer.subscribe("U"))
    route.callback(None)
    assert started == [consumer]
    assert {queue.topic for queue in consumer.queues} == {"T", "U", "%RETRY%G"}
    result_of(consumer.close())


def test_closing_gives_up_what_no_broker_takes_back(
    cluster: FakeCluster, consumer: Consumer, clock: Clock
) -> None:
    def fail(message: ReceivedMessage) -> None:
        raise ValueError("no")

    cluster.put("T", "a")
    cluster.refuse[RequestCode.CONSUMER_SEND_MSG_BACK] = 1, "no"
    cluster.refuse[RequestCode.SEND_MESSAGE_V2] = 1, "no"
    ran = held(consumer.run(fail))
    clock.pump([1.0] * 5)
    closed = held(consumer.close())
    clock.pump([1.0] * 60)
    assert ran == closed == [None]
    assert not clock.getDelayedCalls()


def test_what_cannot_be_called_is_refused(consumer: Consumer) -> None:
    wrong: Any = None
    for running in (consumer.run(wrong), consumer.run_batches(wrong)):
        with pytest.raises(ArgumentError, match="handler is None, not a function"):
            result_of(running)
    with pytest.raises(ArgumentError, match="size is 0, not at least 1"):
        result_of(consumer.run_batches(print, size=0))
    result_of(consumer.start())
    result_of(consumer.close())
