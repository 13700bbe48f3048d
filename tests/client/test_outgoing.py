from collections.abc import Callable, Sequence
from typing import Any

import pytest
from client_kit import FakeCluster, held, result_of
from twisted.internet.task import Clock
from zope.interface import implementer

from twistedmq.client.errors import ProducerFullError
from twistedmq.client.in_flight import InFlightLimits
from twistedmq.client.interfaces import IQueueSelection, ISendFeedback
from twistedmq.client.message import Message
from twistedmq.client.producer import Producer
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode

BUSY = ResponseCode.SYSTEM_BUSY, "busy"


@implementer(IQueueSelection, ISendFeedback)
class Learning:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, float, str | None]] = []
        self.running = False
        self.probe: Any = None

    def select(
        self, message: Message, queues: Sequence[MessageQueue], avoid: str | None
    ) -> MessageQueue:
        return next(q for q in queues if q.broker_name != avoid)

    def begin(self, clock: Any, probe: Any) -> Callable[[], None]:
        self.running, self.probe = True, probe
        return self.end

    def end(self) -> None:
        self.running = False

    def told(self, broker_name: str, latency_s: float, error: Exception | None) -> None:
        self.heard.append((broker_name, latency_s, error and type(error).__name__))


def test_sends_wait_for_room(cluster: FakeCluster, clock: Clock) -> None:
    cluster.create("T")
    limits = InFlightLimits(max_messages=2)
    producer = result_of(
        Producer("P", settings=cluster.settings(), limits=limits).start()
    )
    cluster.refuse[RequestCode.SEND_MESSAGE_V2] = BUSY
    sends = [held(producer.send(Message("T", b"%d" % n))) for n in range(4)]
    closed = held(producer.close())
    del cluster.refuse[RequestCode.SEND_MESSAGE_V2]
    clock.advance(0.1)
    assert sends == [[], [], [], []]
    clock.advance(0.3)
    assert all(each[0].queue_offset >= 0 for each in sends)
    assert sorted(cluster.bodies("T")) == [b"0", b"1", b"2", b"3"]
    assert closed == [None]


def test_or_they_fail_at_once(cluster: FakeCluster, clock: Clock) -> None:
    cluster.create("T")
    limits = InFlightLimits(max_bytes=10, wait=False)
    producer = result_of(
        Producer("P", settings=cluster.settings(), limits=limits).start()
    )
    cluster.refuse[RequestCode.SEND_MESSAGE_V2] = BUSY
    first = held(producer.send(Message("T", b"12345678")))
    with pytest.raises(ProducerFullError):
        result_of(producer.send(Message("T", b"12345678")))
    assert not first
    del cluster.refuse[RequestCode.SEND_MESSAGE_V2]
    clock.advance(1)
    assert first


def test_a_selection_may_learn_how_sends_went(clock: Clock) -> None:
    cluster = FakeCluster(clock, brokers=2)
    cluster.create("T")
    learning = Learning()
    producer = result_of(
        Producer("P", settings=cluster.settings(), selection=learning).start()
    )
    assert learning.running
    cluster.down.add(cluster.addresses["broker-0"])
    sent = held(producer.send(Message("T", b"x")))
    clock.advance(0)
    assert sent[0].queue.broker_name == "broker-1"
    assert learning.heard == [
        ("broker-0", 0.0, "ConnectError"),
        ("broker-1", 0.0, None),
    ]
    cluster.down.clear()
    result_of(producer.send(Message("T", b"x", sharding_key="k")))
    assert len(learning.heard) == 3
    assert result_of(learning.probe("broker-1", 0.2)) is None
    result_of(producer.close())
    assert not learning.running


def test_what_wants_no_answer_waits_for_room_as_well(
    cluster: FakeCluster, clock: Clock
) -> None:
    """Where no connection is open yet, nothing would bound it."""
    limits = InFlightLimits(max_messages=2, wait=False)
    producer = result_of(
        Producer("P", settings=cluster.settings(), limits=limits).start()
    )
    route = cluster.wait_for(RequestCode.GET_ROUTEINFO_BY_TOPIC)
    waiting = [held(producer.send_one_way(Message("T", b"x"))) for _ in range(2)]
    with pytest.raises(ProducerFullError):
        result_of(producer.send_one_way(Message("T", b"x")))
    route.callback(None)
    assert waiting == [[None], [None]]
    assert result_of(producer.send_one_way(Message("T", b"x"))) is None
