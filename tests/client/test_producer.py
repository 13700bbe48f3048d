from typing import Any

import pytest
from client_kit import FakeCluster, held, result_of
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.client.errors import (
    ArgumentError,
    NotRunningError,
    RouteNotFoundError,
)
from twistedmq.client.message import Durability, Message, SendStatus
from twistedmq.client.producer import Producer
from twistedmq.client.selection import ByKey
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.errors import MessageIllegalError


@pytest.fixture
def producer(cluster: FakeCluster) -> Producer:
    cluster.create("T", queues=4)
    return result_of(Producer("P", settings=cluster.settings()).start())


def test_a_receipt_says_where_it_is(cluster: FakeCluster, producer: Producer) -> None:
    receipt = result_of(producer.send(Message("T", b"hello")))
    assert cluster.bodies("T") == [b"hello"]
    assert receipt.queue.topic == "T"
    assert receipt.queue_offset == 0
    assert receipt.offset_message_id == "C000020A00002A9F0000000000000000"
    assert receipt.durability is Durability.PAGE_CACHE
    assert receipt.status is SendStatus.OK


def test_messages_go_round_the_queues(producer: Producer) -> None:
    queues = [
        result_of(producer.send(Message("T", b"x"))).queue.queue_id for _ in range(8)
    ]
    assert sorted(queues) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_a_queue_or_a_selection_may_be_given(producer: Producer) -> None:
    queue = result_of(producer.queues("T"))[2]
    assert result_of(producer.send(Message("T", b"x"), queue=queue)).queue == queue
    keyed = Message("T", b"x", keys="k")
    chosen = {
        result_of(producer.send(keyed, selection=ByKey())).queue for _ in range(4)
    }
    assert len(chosen) == 1


def test_a_sharding_key_keeps_messages_in_one_queue(
    cluster: FakeCluster, producer: Producer
) -> None:
    bodies = [b"%d" % n for n in range(6)]
    keyed = [Message("T", body, sharding_key="order-7") for body in bodies]
    queues = {result_of(producer.send(message)).queue for message in keyed[:5]}
    result_of(producer.send_one_way(keyed[5]))
    assert len(queues) == 1
    assert cluster.bodies("T") == bodies


def test_a_batch_has_a_receipt_a_message(
    cluster: FakeCluster, producer: Producer
) -> None:
    messages = [Message("T", b"%d" % n) for n in range(3)]
    receipts = result_of(producer.send_batch(messages))
    assert [receipt.queue_offset for receipt in receipts] == [0, 1, 2]
    assert len({receipt.message_id for receipt in receipts}) == 3
    assert len({receipt.offset_message_id for receipt in receipts}) == 3
    assert cluster.bodies("T") == [b"0", b"1", b"2"]


def test_one_way_wants_no_answer(cluster: FakeCluster, producer: Producer) -> None:
    assert result_of(producer.send_one_way(Message("T", b"x"))) is None
    assert len(cluster.one_ways) == 1
    queue = MessageQueue("T", "broker-0", 3)
    result_of(producer.send_one_way(Message("T", b"x"), queue=queue))
    assert cluster.one_ways[1][2].queue_id == 3


def test_one_way_needs_a_queue_that_may_be_written(
    cluster: FakeCluster, producer: Producer
) -> None:
    cluster.create("READONLY", perm=4)
    with pytest.raises(RouteNotFoundError):
        result_of(producer.send_one_way(Message("READONLY", b"x")))


def test_what_is_wrong_with_a_message_is_told_before_it_is_sent(
    cluster: FakeCluster, producer: Producer
) -> None:
    for sent in (
        producer.send(Message("T", b"")),
        producer.send_batch([]),
        producer.send_one_way(Message("", b"x")),
    ):
        with pytest.raises(MessageIllegalError):
            result_of(sent)
    assert not cluster.bodies("T")


def test_group_names_are_checked() -> None:
    with pytest.raises(MessageIllegalError):
        Producer("bad group", reactor=Clock())


@pytest.mark.parametrize(
    ("name", "value"),
    [("timeout_s", 0), ("timeout_s", 1e9), ("retries", -1), ("default_queues", 0)],
)
def test_numbers_have_their_range(name: str, value: float) -> None:
    with pytest.raises(ArgumentError, match=name) as raised:
        Producer("P", reactor=Clock(), **{name: value})  # type: ignore[arg-type]
    assert (raised.value.field, raised.value.value) == (name, value)


def test_a_queue_of_another_topic_is_refused(
    cluster: FakeCluster, producer: Producer
) -> None:
    other, message = MessageQueue("U", "broker-0", 0), Message("T", b"x")
    for sent in (
        producer.send(message, queue=other),
        producer.send_batch([message], queue=other),
        producer.send_one_way(message, queue=other),
    ):
        with pytest.raises(MessageIllegalError) as raised:
            result_of(sent)
        assert (raised.value.field, raised.value.value) == ("queue", "U")
        assert raised.value.limit == "T"


def test_brokers_may_know_a_producer_before_it_sends(cluster: FakeCluster) -> None:
    cluster.create("T")
    settings = cluster.settings()
    producer = Producer("P", settings=settings, topics=["T", "NOT_THERE_YET"])
    result_of(producer.start())
    assert RequestCode.HEART_BEAT in cluster.codes()
    with pytest.raises(MessageIllegalError):
        Producer("P", settings=settings, topics=["bad topic"])


def test_only_a_running_producer_sends(cluster: FakeCluster) -> None:
    producer = Producer("P", settings=cluster.settings())
    with pytest.raises(NotRunningError):
        result_of(producer.send(Message("T", b"x")))
    assert result_of(producer.close()) is None


def test_closing_waits_for_what_is_in_flight(
    cluster: FakeCluster, producer: Producer, clock: Clock
) -> None:
    cluster.refuse[RequestCode.SEND_MESSAGE_V2] = ResponseCode.SYSTEM_BUSY, "busy"
    sent = held(producer.send(Message("T", b"x")))
    closed = held(producer.close())
    assert not sent
    assert not closed
    del cluster.refuse[RequestCode.SEND_MESSAGE_V2]
    clock.advance(1)
    assert sent[0].status is SendStatus.OK
    assert closed == [None]
    with pytest.raises(NotRunningError):
        result_of(producer.send(Message("T", b"x")))
    assert not clock.getDelayedCalls()


def test_a_producer_is_a_context(cluster: FakeCluster, clock: Clock) -> None:
    cluster.create("T")

    async def send() -> str:
        async with Producer("P", settings=cluster.settings()) as producer:
            assert producer.client_id
            receipt = await producer.send(Message("T", b"x"))
        return receipt.message_id

    assert len(result_of(Deferred.fromCoroutine(send()))) == 32
    assert cluster.closed == 1
    assert RequestCode.UNREGISTER_CLIENT in cluster.codes()
    assert not clock.getDelayedCalls()


@pytest.mark.parametrize("timeout_s", [0, -1.0, float("nan"), "3"])
def test_a_time_that_cannot_be_is_refused_before_anything_is_sent(
    cluster: FakeCluster, producer: Producer, timeout_s: Any
) -> None:
    cluster.requests.clear()
    message = Message("T", b"x")
    for sent in (
        producer.send(message, timeout_s=timeout_s),
        producer.send_batch([message], timeout_s=timeout_s),
        producer.request(message, timeout_s=timeout_s),
    ):
        with pytest.raises(ArgumentError, match="timeout_s is"):
            result_of(sent)
    assert not cluster.requests


def test_only_a_running_producer_knows_queues(cluster: FakeCluster) -> None:
    producer = Producer("P", settings=cluster.settings())
    with pytest.raises(NotRunningError, match="start it first"):
        result_of(producer.queues("T"))
