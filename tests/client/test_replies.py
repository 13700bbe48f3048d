import zlib
from typing import Any

import pytest
from client_kit import FakeCluster, held, result_of
from twisted.internet.task import Clock

from twistedmq.client.errors import (
    NoReplyWantedError,
    NotRunningError,
    RefusedError,
    ReplyTimeoutError,
)
from twistedmq.client.message import Message, ReceivedMessage
from twistedmq.client.producer import Producer
from twistedmq.client.received import read_message
from twistedmq.protocol import properties
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.compression import CompressionError
from twistedmq.protocol.headers.send import ReplyMessageRequestHeader
from twistedmq.remoting.interfaces import Request
from twistedmq.testing.connections import FakeConnection

PUSH = RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT
SEND_REPLY = RequestCode.SEND_REPLY_MESSAGE_V2


@pytest.fixture
def producer(cluster: FakeCluster) -> Producer:
    cluster.create("T", queues=1)
    return result_of(Producer("P", settings=cluster.settings()).start())


def asked(cluster: FakeCluster, index: int = 0, **more: str) -> ReceivedMessage:
    """Give a request as its consumer gets it: the broker puts its cluster's name in."""
    record = cluster.records[MessageQueue("T", "broker-0", 0)][index]
    stored = properties.parse(record.properties) | {"CLUSTER": "C"} | more
    record.properties = properties.format({k: v for k, v in stored.items() if v})
    return read_message(record, "broker-0")


def push(
    producer: Producer, marks: dict[str, str], body: bytes = b"yes", sys_flag: int = 0
) -> int:
    """Hand a reply over as a broker does."""
    values: dict[str, Any] = {
        "producer_group": "R",
        "topic": "C_REPLY_TOPIC",
        "default_topic": "TBW102",
        "default_topic_queue_nums": 4,
        "queue_id": 0,
        "sys_flag": sys_flag,
        "born_timestamp": 5,
        "flag": 3,
        "properties": properties.format(marks).decode(),
        "born_host": "192.0.2.3:1",
        "store_host": "192.0.2.10:10911",
    }
    header = ReplyMessageRequestHeader(**values)
    request = Request(Command(code=PUSH, body=body), header, FakeConnection())
    return producer._session._serve(request).code  # type: ignore[union-attr]


def correlation(cluster: FakeCluster, index: int = 0) -> dict[str, str]:
    held = asked(cluster, index).system_properties
    return {"CORRELATION_ID": held["CORRELATION_ID"]}


def test_a_request_says_who_waits(cluster: FakeCluster, producer: Producer) -> None:
    producer.request(Message("T", b"q", tag="a"), timeout_s=2.5).addErrback(id)
    request = asked(cluster)
    assert (request.body, request.tag) == (b"q", "a")
    assert request.system_properties["REPLY_TO_CLIENT"] == producer.client_id
    assert request.system_properties["TTL"] == "2500"


def test_the_reply_is_what_the_request_gives(
    cluster: FakeCluster, producer: Producer
) -> None:
    first = held(producer.request(Message("T", b"1")))
    second = held(producer.request(Message("T", b"2")))
    assert push(producer, correlation(cluster, 1) | {"p": "v", "UNIQ_KEY": "U"}) == 0
    assert first == []
    [reply] = second
    assert (reply.body, reply.properties, reply.message_id) == (b"yes", {"p": "v"}, "U")
    assert (reply.flag, reply.born_host) == (3, "192.0.2.3:1")
    packed = zlib.compress(b"long" * 100)
    assert push(producer, correlation(cluster, 0), packed, 0x301) == 0
    assert first[0].body == b"long" * 100


def test_without_a_reply_the_request_fails(
    cluster: FakeCluster, producer: Producer, clock: Clock
) -> None:
    waiting = held(producer.request(Message("T", b"q"), timeout_s=2))
    clock.advance(1.9)
    assert waiting == []
    clock.advance(0.1)
    assert waiting[0].check(ReplyTimeoutError)
    assert (waiting[0].value.topic, waiting[0].value.timeout_s) == ("T", 2)
    assert push(producer, correlation(cluster)) == 0  # too late: dropped
    assert len(producer._replies) == 0


def test_a_request_that_cannot_be_sent_fails_at_once(
    cluster: FakeCluster, producer: Producer
) -> None:
    remark = (ResponseCode.MESSAGE_ILLEGAL, "no")
    cluster.refuse[RequestCode.SEND_MESSAGE_V2] = remark
    [failure] = held(producer.request(Message("T", b"q")))
    assert failure.check(RefusedError)
    assert len(producer._replies) == 0


def test_a_reply_that_cannot_be_unpacked_fails(
    cluster: FakeCluster, producer: Producer
) -> None:
    waiting = held(producer.request(Message("T", b"q")))
    assert push(producer, correlation(cluster), b"no zlib", 0x301) == 0
    assert waiting[0].check(CompressionError)


@pytest.mark.parametrize("marks", [{}, {"CORRELATION_ID": "nobody's"}])
def test_a_reply_to_nobody_is_dropped(
    producer: Producer, marks: dict[str, str]
) -> None:
    waiting = held(producer.request(Message("T", b"q")))
    assert push(producer, marks) == 0
    assert waiting == []
    assert len(producer._replies) == 1


def test_a_cancelled_request_is_forgotten(
    cluster: FakeCluster, producer: Producer, clock: Clock
) -> None:
    request = producer.request(Message("T", b"q"))
    request.addErrback(lambda _: None)
    request.cancel()
    assert len(producer._replies) == 0
    assert push(producer, correlation(cluster)) == 0


def test_a_reply_goes_to_who_asked(cluster: FakeCluster, producer: Producer) -> None:
    cluster.create("C_REPLY_TOPIC", queues=1)
    producer.request(Message("T", b"q"), timeout_s=2).addErrback(id)
    request = asked(cluster)
    table: Any = cluster._SERVED
    cluster._SERVED = {**table, SEND_REPLY: table[RequestCode.SEND_MESSAGE_V2]}
    assert result_of(producer.reply(request, b"yes")) is None
    assert cluster.codes()[-1] == SEND_REPLY
    [record] = cluster.records[MessageQueue("C_REPLY_TOPIC", "broker-0", 0)]
    stored = properties.parse(record.properties)
    assert record.body == b"yes"
    wanted = request.system_properties
    for name in ("CORRELATION_ID", "REPLY_TO_CLIENT", "TTL"):
        assert stored[name] == wanted[name]
    assert stored["MSG_TYPE"] == "reply"


@pytest.mark.parametrize("name", ["CLUSTER", "CORRELATION_ID", "REPLY_TO_CLIENT"])
def test_not_every_message_is_a_request(
    cluster: FakeCluster, producer: Producer, name: str
) -> None:
    producer.request(Message("T", b"q"), timeout_s=2).addErrback(id)
    [failure] = held(producer.reply(asked(cluster, **{name: ""}), b"yes"))
    assert failure.check(NoReplyWantedError)
    assert failure.value.missing == [name]


def test_who_is_not_running_asks_and_answers_nothing(
    cluster: FakeCluster, producer: Producer
) -> None:
    producer.request(Message("T", b"q"), timeout_s=2).addErrback(id)
    stopped = Producer("P", settings=cluster.settings())
    for result in (
        stopped.request(Message("T", b"q")),
        stopped.reply(asked(cluster), b"yes"),
    ):
        assert held(result)[0].check(NotRunningError)
    assert len(stopped._replies) == 0


def test_closing_waits_for_replies(
    cluster: FakeCluster, producer: Producer, clock: Clock
) -> None:
    waiting = held(producer.request(Message("T", b"q"), timeout_s=2))
    closing = held(producer.close())
    assert closing == []
    push(producer, correlation(cluster))
    assert waiting[0].body == b"yes"
    assert len(closing) == 1
