from typing import Any

import pytest
from client_kit import WALL_MS, FakeCluster, result_of
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.client.consumer import Consumer
from twistedmq.client.consuming import RetryLater
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

    def __init__(self, cluster: FakeCluster, *, orderly: bool = False) -> None:
        cluster.create("T", queues=1)
        self.got: list[bytes] = []
        self.fails: Exception | None = None
        self.waits: Deferred[None] | None = None
        self.consumer = Consumer(
            "G",
            {"T": "*"},
            settings=cluster.settings(),
            start_from=StartFrom.FIRST,
            orderly=orderly,
        )
        self.consumer.run(self._handle)

    async def _handle(self, message: ReceivedMessage) -> None:
        self.got.append(message.body)
        if self.waits is not None:
            await self.waits
        if self.fails is not None:
            raise self.fails

    def info(self, *, stacks: bool = False) -> ConsumerRunningInfo:
        header = GetConsumerRunningInfoRequestHeader(
            consumer_group="G", client_id="x", jstack_enable=stacks
        )
        reply = self.ask(RequestCode.GET_CONSUMER_RUNNING_INFO, header)
        return loose_json.decode(reply.body, type=ConsumerRunningInfo)  # type: ignore[arg-type]

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


@pytest.mark.parametrize("orderly", [False, True])
@pytest.mark.parametrize("fails", [None, RetryLater()])
def test_what_was_in_work_before_a_reset_acks_nothing_after_it(
    cluster: FakeCluster, *, orderly: bool, fails: Exception | None
) -> None:
    """It would have the same message, fetched again, committed before it is done."""
    running = Running(cluster, orderly=orderly)
    before = running.waits = Deferred()
    running.fails = fails
    cluster.put("T", *"abc")
    header = ResetOffsetRequestHeader(group="G", topic="T")
    body = loose_json.encode(ResetOffsetBody(offset_table={QUEUE: 0}))
    after = running.waits = Deferred()
    running.ask(RequestCode.RESET_CONSUMER_CLIENT_OFFSET, header, body)
    before.callback(None)
    window = running.consumer._member.owned.pullers[QUEUE].window
    assert (len(window), window.committable) == (3, 0)
    assert not cluster.given_back
    running.fails = None
    after.callback(None)
    cluster.clock.pump([0] * 3)
    assert (len(window), window.committable) == (0, 3)
    assert b"".join(running.got) == (b"a" if orderly else b"abc") + b"abc"


def test_an_ack_by_hand_does_not_reach_over_a_reset(cluster: FakeCluster) -> None:
    cluster.create("T", queues=1)
    settings = cluster.settings()
    consumer = Consumer("G", {"T": "*"}, settings=settings, start_from=StartFrom.FIRST)
    result_of(consumer.start())
    cluster.put("T", "a")
    inbox = consumer._member.inbox
    before = result_of(inbox.get())
    consumer._member.owned.seek(QUEUE, 0)
    assert not consumer.ack(before)
    assert not result_of(consumer.retry_later(before))
    assert not cluster.given_back
    assert consumer.ack(result_of(inbox.get()))


def test_offsets_can_be_asked_for(cluster: FakeCluster, running: Running) -> None:
    cluster.put("T", "a")
    header = GetConsumerStatusRequestHeader(group="G", topic="T")
    reply = running.ask(RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT, header)
    body = loose_json.decode(reply.body, type=GetConsumerStatusBody)  # type: ignore[arg-type]
    assert body.message_queue_table == {QUEUE: 1}


def test_the_inner_state_can_be_asked_for(
    cluster: FakeCluster, running: Running
) -> None:
    info = running.info()
    assert QUEUE in info.mq_table
    assert {each.topic for each in info.subscription_set} == {"T", "%RETRY%G"}
    assert info.properties["PROP_CONSUME_TYPE"] == "CONSUME_PASSIVELY"
    assert info.properties["PROP_CONSUMER_START_TIMESTAMP"] == str(WALL_MS)
    assert info.jstack is None


@pytest.mark.parametrize(
    ("fails", "result"),
    [
        (None, CMResult.CR_SUCCESS),
        (ValueError("no"), CMResult.CR_THROW_EXCEPTION),
        (RetryLater(), CMResult.CR_LATER),
    ],
)
def test_a_message_can_be_consumed_directly(
    cluster: FakeCluster, running: Running, fails: Exception | None, result: CMResult
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
    assert ("ValueError" in (told.remark or "")) == isinstance(fails, ValueError)
    assert told.order is False
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


def test_where_functions_wait_can_be_asked_for(
    cluster: FakeCluster, running: Running, clock: Clock
) -> None:
    running.waits = Deferred()
    cluster.put("T", "a")
    clock.advance(3)
    told = running.info(stacks=True).jstack or ""
    assert "in work for 3.0 s" in told
    assert "in _handle" in told
    running.waits.callback(None)


def test_locks_and_times_are_told(cluster: FakeCluster, clock: Clock) -> None:
    running = Running(cluster, orderly=True)
    clock.advance(5)
    cluster.put("T", "a")
    told = running.info().mq_table[QUEUE]
    assert told.locked
    assert told.last_lock_timestamp == WALL_MS
    assert told.last_pull_timestamp == WALL_MS + 5000
    clock.advance(5)
    told = running.info().mq_table[QUEUE]
    assert told.last_consume_timestamp == WALL_MS + 10000
    [record] = cluster.records[QUEUE]
    header = ConsumeMessageDirectlyResultRequestHeader(
        consumer_group="G", broker_name="broker-0"
    )
    code = RequestCode.CONSUME_MESSAGE_DIRECTLY
    reply = running.ask(code, header, encode_record(record))
    result = loose_json.decode(reply.body, type=ConsumeMessageDirectlyResult)  # type: ignore[arg-type]
    assert result.order


def test_how_fast_it_is_can_be_asked_for(cluster: FakeCluster, clock: Clock) -> None:
    running = Running(cluster)
    cluster.put("T", *"abcdef")
    running.fails = ValueError("no")
    cluster.put("T", *"gh")
    clock.advance(1)
    told = running.info().status_table
    assert set(told) == {"T", "%RETRY%G"}
    rates = told["T"]
    assert (rates.pull_tps, rates.consume_ok_tps) == (0.8, 0.6)
    assert (rates.consume_failed_tps, rates.consume_failed_msgs) == (0.2, 2)


def test_how_long_functions_take_is_told(cluster: FakeCluster, clock: Clock) -> None:
    running = Running(cluster)
    running.waits = Deferred()
    cluster.put("T", "a")
    clock.advance(2)
    running.waits.callback(None)
    assert running.info().status_table["T"].consume_rt == 2000
