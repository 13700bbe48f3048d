from typing import Any

import pytest
from client_kit import FakeCluster, result_of
from twisted.internet.defer import Deferred

from twistedmq.client.consumer import Consumer
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.starting import StartFrom
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.clients import CMResult
from twistedmq.protocol.bodies.offsets import GetConsumerStatusBody, ResetOffsetBody
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.running import (
    ConsumeMessageDirectlyResult,
    ConsumerRunningInfo,
)
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command, Reply
from twistedmq.protocol.headers.clients import (
    ConsumeMessageDirectlyResultRequestHeader,
    GetConsumerRunningInfoRequestHeader,
)
from twistedmq.protocol.headers.offsets import (
    GetConsumerStatusRequestHeader,
    ResetOffsetRequestHeader,
)
from twistedmq.protocol.record import encode_record
from twistedmq.remoting.interfaces import Request
from twistedmq.testing.connections import FakeConnection

QUEUE = MessageQueue("T", "broker-0", 0)


class Running:
    """A running consumer, as a broker sees it."""

    def __init__(self, cluster: FakeCluster) -> None:
        cluster.create("T", queues=1)
        self.got: list[bytes] = []
        self.fails = False
        self.consumer = Consumer(
            "G", {"T": "*"}, settings=cluster.settings(), start_from=StartFrom.FIRST
        )
        self.consumer.run(self._handle)

    def _handle(self, message: ReceivedMessage) -> None:
        self.got.append(message.body)
        if self.fails:
            raise ValueError("no")

    def ask(self, code: int, header: Any, body: bytes = b"") -> Reply:
        request = Request(Command(code=code, body=body), header, FakeConnection())
        reply = self.consumer._session._serve(request)
        return result_of(reply) if isinstance(reply, Deferred) else reply


@pytest.fixture
def running(cluster: FakeCluster) -> Running:
    return Running(cluster)


def test_offsets_can_be_reset(cluster: FakeCluster, running: Running) -> None:
    cluster.put("T", *"abc")
    header = ResetOffsetRequestHeader(group="G", topic="T")
    elsewhere = MessageQueue("U", "broker-0", 0)
    body = ResetOffsetBody(offset_table={QUEUE: 1, elsewhere: 5})
    code = RequestCode.RESET_CONSUMER_CLIENT_OFFSET
    assert running.ask(code, header, loose_json.encode(body)).code == 0
    assert running.got == [b"a", b"b", b"c", b"b", b"c"]


def test_offsets_can_be_asked_for(cluster: FakeCluster, running: Running) -> None:
    cluster.put("T", "a")
    header = GetConsumerStatusRequestHeader(group="G", topic="T")
    reply = running.ask(RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT, header)
    body = loose_json.decode(reply.body, type=GetConsumerStatusBody)  # type: ignore[arg-type]
    assert body.message_queue_table == {QUEUE: 1}


def test_the_inner_state_can_be_asked_for(
    cluster: FakeCluster, running: Running
) -> None:
    header = GetConsumerRunningInfoRequestHeader(consumer_group="G", client_id="x")
    reply = running.ask(RequestCode.GET_CONSUMER_RUNNING_INFO, header)
    info = loose_json.decode(reply.body, type=ConsumerRunningInfo)  # type: ignore[arg-type]
    assert QUEUE in info.mq_table
    assert {each.topic for each in info.subscription_set} == {"T", "%RETRY%G"}
    assert info.properties["PROP_CONSUME_TYPE"] == "CONSUME_PASSIVELY"


@pytest.mark.parametrize(
    ("fails", "result"),
    [(False, CMResult.CR_SUCCESS), (True, CMResult.CR_THROW_EXCEPTION)],
)
def test_a_message_can_be_consumed_directly(
    cluster: FakeCluster, running: Running, fails: bool, result: CMResult
) -> None:
    [record] = cluster.put("T", "a")
    running.fails = fails
    header = ConsumeMessageDirectlyResultRequestHeader(
        consumer_group="G", broker_name="broker-0"
    )
    code = RequestCode.CONSUME_MESSAGE_DIRECTLY
    reply = running.ask(code, header, encode_record(record))
    told = loose_json.decode(reply.body, type=ConsumeMessageDirectlyResult)  # type: ignore[arg-type]
    assert told.consume_result is result
    assert ("ValueError" in (told.remark or "")) == fails
    assert running.got == [b"a", b"a"]


@pytest.mark.parametrize(
    ("code", "header"),
    [
        (
            RequestCode.GET_CONSUMER_RUNNING_INFO,
            GetConsumerRunningInfoRequestHeader(consumer_group="X", client_id="x"),
        ),
        (
            RequestCode.CONSUME_MESSAGE_DIRECTLY,
            ConsumeMessageDirectlyResultRequestHeader(consumer_group="X"),
        ),
    ],
)
def test_another_group_is_not_here(running: Running, code: int, header: Any) -> None:
    assert running.ask(code, header).code == ResponseCode.SYSTEM_ERROR
