from collections.abc import Callable

import pytest
from client_kit import FakeCluster, held, result_of
from twisted.internet.task import Clock

from twistedmq.client.errors import (
    RefusedError,
    RouteNotFoundError,
    SendFailedError,
    SendTimeoutError,
)
from twistedmq.client.interfaces import IQueueSelection
from twistedmq.client.message import Message
from twistedmq.client.packing import Packer, PackingRules
from twistedmq.client.selection import ByFunction, RoundRobin
from twistedmq.client.sending import Sending, SendParts, SendRules
from twistedmq.client.session import Session
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.remoting.errors import ConnectError

SEND = RequestCode.SEND_MESSAGE_V2
Make = Callable[..., Sending]


@pytest.fixture
def cluster(clock: Clock) -> FakeCluster:
    cluster = FakeCluster(clock, brokers=2)
    cluster.create("T", queues=1)
    return cluster


@pytest.fixture
def sending(cluster: FakeCluster) -> Make:
    session = Session(cluster.settings())
    result_of(session.start())
    packer = Packer(PackingRules(), session.unique_ids())

    def make(
        topic: str = "T",
        queue: MessageQueue | None = None,
        selection: IQueueSelection | None = None,
    ) -> Sending:
        parts = SendParts(
            SendRules("G"), session.routes, session.pool, session.reactor, lambda: 0
        )
        parcel = packer.pack(Message(topic, b"x"))
        return Sending(parts, parcel, selection or RoundRobin(), queue)

    return make


def brokers_asked(cluster: FakeCluster) -> list[str]:
    return [address for address, code, _ in cluster.requests if code == SEND]


def test_a_message_is_stored(cluster: FakeCluster, sending: Make) -> None:
    stored = result_of(sending().start())
    assert stored.queue == MessageQueue("T", "broker-0", 0)
    assert stored.header.queue_offset == 0
    assert cluster.bodies("T") == [b"x"]


def test_after_a_failure_another_broker_is_tried_at_once(
    cluster: FakeCluster, sending: Make, clock: Clock
) -> None:
    one, two = cluster.addresses.values()
    cluster.down.add(one)
    sent = held(sending().start())
    clock.advance(0)
    assert sent[0].queue.broker_name == "broker-1"
    assert brokers_asked(cluster) == [one, two]


def test_a_selection_that_stays_gives_the_broker_time(
    cluster: FakeCluster, sending: Make, clock: Clock
) -> None:
    one, _ = cluster.addresses.values()
    cluster.down.add(one)
    stays = ByFunction(lambda message, queues: queues[0])
    sent = held(sending(selection=stays).start())
    clock.advance(0.1)
    assert brokers_asked(cluster) == [one]
    cluster.down.clear()
    clock.advance(0.2)
    assert sent[0].queue.broker_name == "broker-0"


@pytest.mark.parametrize(
    "code",
    [
        ResponseCode.SYSTEM_ERROR,
        ResponseCode.SYSTEM_BUSY,
        ResponseCode.SERVICE_NOT_AVAILABLE,
        ResponseCode.NO_PERMISSION,
        ResponseCode.TOPIC_NOT_EXIST,
        ResponseCode.GO_AWAY,
    ],
)
def test_some_refusals_may_pass(
    cluster: FakeCluster, sending: Make, clock: Clock, code: int
) -> None:
    cluster.refuse[SEND] = code, "later"
    sent = held(sending().start())
    assert not sent
    del cluster.refuse[SEND]
    clock.advance(0)
    assert sent[0].header.queue_offset == 0


def test_other_refusals_are_final(cluster: FakeCluster, sending: Make) -> None:
    cluster.refuse[SEND] = ResponseCode.MESSAGE_ILLEGAL, "too large"
    with pytest.raises(RefusedError, match="too large"):
        result_of(sending().start())
    assert len(brokers_asked(cluster)) == 1


def test_three_failures_are_enough(
    cluster: FakeCluster, sending: Make, clock: Clock
) -> None:
    cluster.down.update(cluster.addresses.values())
    sent = held(sending().start())
    clock.pump([0, 0, 0])
    error = sent[0].value
    assert isinstance(error, SendFailedError)
    assert error.brokers == ["broker-0", "broker-1", "broker-0"]
    assert all(isinstance(cause, ConnectError) for cause in error.causes)


def test_to_a_given_queue_there_is_one_attempt(
    cluster: FakeCluster, sending: Make
) -> None:
    cluster.refuse[SEND] = ResponseCode.SYSTEM_BUSY, "busy"
    with pytest.raises(RefusedError):
        result_of(sending(queue=MessageQueue("T", "broker-1", 0)).start())
    assert brokers_asked(cluster) == [cluster.addresses["broker-1"]]


def test_time_runs_out_over_all_attempts(
    cluster: FakeCluster, sending: Make, clock: Clock
) -> None:
    cluster.topics["T"].pop("broker-1")
    cluster.refuse[SEND] = ResponseCode.SYSTEM_BUSY, "busy"
    sent = held(sending().start())
    assert not sent  # the same broker gets a pause
    clock.advance(5)
    assert isinstance(sent[0].value, SendTimeoutError)
    assert sent[0].value.attempts == 1


def test_an_unknown_broker_may_come_back(
    cluster: FakeCluster, sending: Make, clock: Clock
) -> None:
    sent = held(sending(queue=MessageQueue("T", "nobody", 0)).start())
    assert isinstance(sent[0].value, SendFailedError)


def test_without_a_route_there_is_no_attempt(
    cluster: FakeCluster, sending: Make
) -> None:
    del cluster.topics["TBW102"]
    with pytest.raises(RouteNotFoundError):
        result_of(sending("NEW").start())
    cluster.create("READONLY", perm=4)
    with pytest.raises(RouteNotFoundError, match="for writing"):
        result_of(sending("READONLY").start())


def test_the_first_message_creates_its_topic(
    cluster: FakeCluster, sending: Make
) -> None:
    result_of(sending("NEW").start())
    assert cluster.bodies("NEW") == [b"x"]


def test_a_send_can_be_cancelled(
    cluster: FakeCluster, sending: Make, clock: Clock
) -> None:
    cluster.refuse[SEND] = ResponseCode.SYSTEM_BUSY, "busy"
    started = sending().start()
    sent = held(started)
    started.cancel()
    assert sent[0].type.__name__ == "CancelledError"
    clock.pump([1, 1])
    assert len(brokers_asked(cluster)) == 1
