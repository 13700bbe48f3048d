"""Consuming in order, as it is used."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from client_kit import FakeCluster, held, result_of
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.client.consumer import Consumer
from twistedmq.client.consuming import RetryLater
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.starting import StartFrom
from twistedmq.protocol import properties
from twistedmq.protocol.bodies.clients import MessageModel
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.names import dlq_topic

QUEUE = MessageQueue("T", "broker-0", 0)
DLQ = dlq_topic("G")
Make = Callable[..., Consumer]


@pytest.fixture
def make(cluster: FakeCluster) -> Make:
    cluster.create("T", queues=2)

    def consumer(name: str = "1", **options: Any) -> Consumer:
        settings = cluster.settings(instance_name=name)
        usual = {"settings": settings, "start_from": StartFrom.FIRST}
        return Consumer("G", {"T": "*"}, orderly=True, **usual | options)

    return consumer


def notify(consumer: Consumer) -> None:
    handlers = consumer._session.handlers
    handlers[RequestCode.NOTIFY_CONSUMER_IDS_CHANGED](None)  # type: ignore[arg-type]


class Handler:
    """Notes what it is given; fails for the bodies it is told, so many times."""

    def __init__(self, **fails: int) -> None:
        self.got: list[str] = []
        self.times: list[int] = []
        self.fails = fails
        self.error: Exception = ValueError("no")

    def __call__(self, message: ReceivedMessage) -> None:
        body = message.body.decode()
        self.got.append(body)
        self.times.append(message.reconsume_times)
        if self.fails.get(body):
            self.fails[body] -= 1
            raise self.error


def test_the_next_of_a_queue_waits_for_the_one_before(
    cluster: FakeCluster, make: Make
) -> None:
    pending: dict[bytes, Deferred[None]] = {}

    def handle(message: ReceivedMessage) -> Deferred[None]:
        return pending.setdefault(message.body, Deferred())

    cluster.put("T", "a", "b")
    cluster.put("T", "x", "y", queue_id=1)
    make().run(handle)
    assert list(pending) == [b"a", b"x"]
    pending[b"x"].callback(None)
    cluster.clock.advance(0)
    assert list(pending) == [b"a", b"x", b"y"]


def test_what_fails_is_tried_again_before_the_next(
    cluster: FakeCluster, make: Make, clock: Clock
) -> None:
    handler = Handler(a=2)
    cluster.put("T", "a", "b")
    make(suspend_s=3.0).run(handler)
    assert handler.got == ["a"]
    clock.advance(2.9)
    assert handler.got == ["a"]
    clock.advance(0.1)
    clock.advance(3)
    assert handler.got == ["a", "a", "a", "b"]
    assert handler.times == [0, 1, 2, 0]
    assert not cluster.given_back


def test_a_function_may_say_how_long_the_queue_rests(
    cluster: FakeCluster, make: Make, clock: Clock
) -> None:
    handler = Handler(a=1)
    handler.error = RetryLater(suspend_s=0.5)
    cluster.put("T", "a", "b")
    make().run(handler)
    clock.advance(0.5)
    assert handler.got == ["a", "a", "b"]


def test_what_failed_too_often_goes_to_the_dead_letters(
    cluster: FakeCluster, make: Make, clock: Clock
) -> None:
    handler = Handler(a=9)
    cluster.put("T", "a", "b", UNIQ_KEY="ID")
    make(max_reconsume_times=2).run(handler)
    clock.pump([1.0, 1.0, 5.0])
    assert handler.got == ["a", "a", "a", "b"]
    [dead] = cluster.records[MessageQueue(DLQ, "broker-0", 0)]
    stored = properties.parse(dead.properties)
    assert dead.body == b"a"
    assert stored[properties.RETRY_TOPIC] == "T"
    assert stored[properties.UNIQ_KEY] == "ID"
    assert cluster.committed["G", QUEUE] == 2


def test_a_function_may_give_a_message_up(cluster: FakeCluster, make: Make) -> None:
    handler = Handler(a=1)
    handler.error = RetryLater(-1)
    cluster.put("T", "a", "b")
    make().run(handler)
    cluster.clock.advance(0)
    assert handler.got == ["a", "b"]
    assert cluster.bodies(DLQ) == [b"a"]


def test_what_cannot_be_buried_is_tried_again(
    cluster: FakeCluster, make: Make, clock: Clock
) -> None:
    handler = Handler(a=2)
    cluster.refuse[RequestCode.SEND_MESSAGE_V2] = ResponseCode.MESSAGE_ILLEGAL, "no"
    cluster.put("T", "a", "b")
    make(max_reconsume_times=0).run(handler)
    clock.advance(1)
    assert handler.got == ["a", "a"]
    del cluster.refuse[RequestCode.SEND_MESSAGE_V2]
    clock.advance(1)
    assert handler.got == ["a", "a", "a", "b"]


def test_of_a_batch_the_failed_ones_are_tried_again(
    cluster: FakeCluster, make: Make, clock: Clock
) -> None:
    got: list[str] = []

    def handle(lot: list[ReceivedMessage]) -> None:
        got.append("".join(message.body.decode() for message in lot))
        if len(got) == 1:
            raise RetryLater(messages=lot[1:])

    cluster.put("T", *"abcd")
    make().run_batches(handle, size=3)
    clock.advance(1)
    assert got == ["abc", "bcd"]


def test_members_never_have_a_queue_at_the_same_time(
    cluster: FakeCluster, make: Make, clock: Clock
) -> None:
    pending: list[Deferred[None]] = []
    got: list[tuple[str, bytes]] = []

    def handle(message: ReceivedMessage) -> Deferred[None]:
        got.append(("1", message.body))
        pending.append(Deferred())
        return pending[-1]

    one, two = make("1"), make("2")
    one.run(handle)
    cluster.put("T", "a", "b", queue_id=1)
    two.run(lambda message: got.append(("2", message.body)))
    notify(one)
    clock.advance(1)
    assert got == [("1", b"a")]
    pending[0].callback(None)
    clock.advance(1)
    assert got == [("1", b"a"), ("2", b"b")]


def test_iterating_goes_on_with_a_queue_when_the_one_before_is_acked(
    cluster: FakeCluster, make: Make, clock: Clock
) -> None:
    consumer = result_of(make().start())
    cluster.put("T", "a", "b")

    async def next_of(iteration: Any) -> bytes:
        message: ReceivedMessage = await anext(iteration)
        return message.body

    one, two = aiter(consumer), aiter(consumer)
    assert result_of(Deferred.fromCoroutine(next_of(one))) == b"a"
    waits = held(Deferred.fromCoroutine(next_of(two)))
    assert waits == []
    cluster.put("T", "x", queue_id=1)
    assert waits == [b"x"]
    assert result_of(Deferred.fromCoroutine(next_of(one))) == b"b"


def test_a_message_put_off_holds_its_queue_up(
    cluster: FakeCluster, make: Make, clock: Clock
) -> None:
    consumer = result_of(make().start())
    cluster.put("T", "a", "b")
    iteration = aiter(consumer)
    message = result_of(Deferred.fromCoroutine(anext(iteration)))
    assert result_of(consumer.retry_later(message)) is True
    waits = held(Deferred.fromCoroutine(anext(iteration)))
    assert waits == []
    clock.advance(1)
    assert (waits[0].body, waits[0].reconsume_times) == (b"a", 1)


def test_broadcasting_in_order_needs_no_locks(
    cluster: FakeCluster, make: Make, clock: Clock, tmp_path: Path
) -> None:
    handler = Handler(a=9)
    model = MessageModel.BROADCASTING
    consumer = make(model=model, offsets_directory=tmp_path, max_reconsume_times=1)
    consumer.run(handler)
    cluster.put("T", "a", "b")
    clock.advance(1)
    assert handler.got == ["a", "a", "b"]
    assert RequestCode.LOCK_BATCH_MQ not in cluster.codes()
    assert not cluster.bodies(DLQ)


def test_without_its_lock_a_queue_waits(
    cluster: FakeCluster, make: Make, clock: Clock
) -> None:
    handler = Handler()
    make().run(handler)
    cluster.refuse[RequestCode.LOCK_BATCH_MQ] = ResponseCode.SYSTEM_BUSY, "no"
    clock.advance(30)
    cluster.put("T", "a")
    assert handler.got == []
    cluster.refuse.clear()
    clock.advance(10)
    assert handler.got == ["a"]
