from typing import Any

import pytest
from client_kit import WALL_MS, FakeCluster, consumed, held, received, result_of
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.client.consuming import RetryLater
from twistedmq.client.message import Message
from twistedmq.client.producer import Producer
from twistedmq.client.producer_rules import SendRules
from twistedmq.client.sending import SendParts
from twistedmq.client.tracing import MOST_ITEMS, MessageTrace
from twistedmq.client.transactions import Outcome
from twistedmq.client.watching import Returned, Watch, WatchParts
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.recall_handle import RecallHandle
from twistedmq.protocol.trace import (
    TracedMessageType,
    TraceItem,
    TraceType,
    decode_trace,
)

TRACE_TOPIC = "RMQ_SYS_TRACE_TOPIC"


@pytest.fixture
def producer(cluster: FakeCluster) -> Producer:
    cluster.create("T")
    cluster.create(TRACE_TOPIC, queues=1)
    producer = Producer(
        "P",
        settings=cluster.settings(),
        watchers=[MessageTrace()],
        check=lambda half: Outcome.COMMIT,
    )
    return result_of(producer.start())


def traced(cluster: FakeCluster) -> list[TraceItem]:
    """Give the items of all trace messages so far."""
    return [
        item
        for body in cluster.bodies(TRACE_TOPIC)
        for item in decode_trace(body.decode())
    ]


def test_what_was_sent_is_told_after_a_while(
    cluster: FakeCluster, producer: Producer, clock: Clock
) -> None:
    receipt = result_of(producer.send(Message("T", b"hello", tag="A", keys=["k", "l"])))
    clock.advance(4.9)
    assert not traced(cluster)
    clock.advance(0.2)
    [item] = traced(cluster)
    assert item == TraceItem(
        type=TraceType.SEND,
        time_ms=WALL_MS,
        region="DefaultRegion",
        group="P",
        topic="T",
        message_id=receipt.message_id,
        tags="A",
        keys="k l",
        store_host="192.0.2.10:10911",
        body_bytes=5,
        cost_ms=0,
        message_type=TracedMessageType.NORMAL,
        offset_message_id=receipt.offset_message_id,
        succeeded=True,
    )
    header = cluster.requests[-1][2]
    assert header.producer_group == "_INNER_TRACE_PRODUCER-P-PRODUCE-1"
    clock.advance(60)  # the trace itself is not traced
    assert len(traced(cluster)) == 1


def test_many_go_together_at_once(
    cluster: FakeCluster, producer: Producer, clock: Clock
) -> None:
    for n in range(25):
        result_of(producer.send(Message("T", b"%d" % n)))
    clock.advance(0)
    assert len(traced(cluster)) == 25
    assert len(cluster.bodies(TRACE_TOPIC)) == 2


def test_each_message_of_a_batch_is_told(
    cluster: FakeCluster, producer: Producer, clock: Clock
) -> None:
    messages = [Message("T", b"%d" % n, keys=f"k{n}") for n in range(3)]
    receipts = result_of(producer.send_batch(messages))
    result_of(producer.close())
    items = traced(cluster)
    assert [item.message_id for item in items] == [r.message_id for r in receipts]
    assert [item.offset_message_id for item in items] == [
        receipt.offset_message_id for receipt in receipts
    ]


def test_closing_tells_of_the_last_send_too(
    cluster: FakeCluster, producer: Producer, clock: Clock
) -> None:
    cluster.refuse[RequestCode.SEND_MESSAGE_V2] = ResponseCode.SYSTEM_BUSY, "busy"
    held(producer.send(Message("T", b"x")))
    closed = held(producer.close())
    cluster.refuse.clear()
    clock.advance(1)
    assert closed == [None]
    assert len(traced(cluster)) == 1


def test_what_is_delayed_has_its_kind(cluster: FakeCluster, producer: Producer) -> None:
    result_of(producer.send(Message("T", b"x", delay_s=3)))
    result_of(producer.close())
    [item] = traced(cluster)
    assert item.message_type is TracedMessageType.DELAYED


def test_a_transaction_is_told_to_its_end(
    cluster: FakeCluster, producer: Producer
) -> None:
    cluster.serve[RequestCode.END_TRANSACTION] = lambda *_: Command(code=0)
    message = Message("T", b"x", tag="A", keys="k")
    sent = producer.send_in_transaction(message, lambda half: Outcome.COMMIT)
    receipt = result_of(sent)
    result_of(producer.close())
    half, end = traced(cluster)
    assert (half.type, half.message_type) == (TraceType.SEND, TracedMessageType.HALF)
    assert end.type is TraceType.END_TRANSACTION
    assert end.message_id == receipt.message_id
    assert (end.transaction_state, end.from_check) == ("COMMIT_MESSAGE", False)
    assert (end.tags, end.keys) == ("A", "k")
    assert end.message_type is TracedMessageType.COMMITTED


def test_a_recall_is_told(cluster: FakeCluster, producer: Producer) -> None:
    cluster.serve[RequestCode.RECALL_MESSAGE] = lambda *_: Command(
        code=0, fields={"msgId": "ID7", "MSG_REGION": "R"}
    )
    handle = RecallHandle("T", "broker-0", "1700000000000", "ID7").encode()
    result_of(producer.recall("T", handle))
    result_of(producer.close())
    [item] = traced(cluster)
    assert (item.type, item.topic) == (TraceType.RECALL, "T")
    assert (item.message_id, item.region) == ("ID7", "R")


def test_brokers_can_leave_it(cluster: FakeCluster, producer: Producer) -> None:
    fields = {
        "msgId": "C000020A00002A9F0000000000000000",
        "queueId": "0",
        "queueOffset": "5",
        "TRACE_ON": "false",
    }
    cluster.serve[RequestCode.SEND_MESSAGE_V2] = lambda *_: Command(
        code=0, fields=fields
    )
    result_of(producer.send(Message("T", b"x")))
    result_of(producer.close())
    assert TRACE_TOPIC not in {getattr(h, "topic", "") for _, _, h in cluster.requests}


def test_what_was_not_stored_is_not_told(
    cluster: FakeCluster, producer: Producer, clock: Clock
) -> None:
    cluster.refuse[RequestCode.SEND_MESSAGE_V2] = ResponseCode.MESSAGE_ILLEGAL, "no"
    for sent in (
        producer.send(Message("T", b"x")),
        producer.send(Message("T", b"x", properties={"p": "v" * 40000})),
        producer.send(Message("", b"x")),
    ):
        sent.addErrback(lambda _: None)
    result_of(producer.send_one_way(Message("T", b"x")))
    cluster.refuse.clear()
    result_of(producer.close())
    assert not traced(cluster)
    assert not producer._watch._seen  # type: ignore[union-attr]


def test_a_trace_that_cannot_be_sent_harms_nobody(
    cluster: FakeCluster, clock: Clock
) -> None:
    cluster.create("T")
    cluster.auto_create = False
    producer = result_of(
        Producer(
            "P", settings=cluster.settings(), watchers=[MessageTrace(items=1)]
        ).start()
    )
    for _ in range(3):
        result_of(producer.send(Message("T", b"x")))
        clock.pump([1.0] * 10)
    result_of(producer.close())
    assert producer._watch.dropped_items == 3


def test_names_of_trace_topics_are_checked() -> None:
    with pytest.raises(MessageIllegalError):
        MessageTrace("bad topic")


# consuming


@pytest.fixture
def watch(cluster: FakeCluster) -> Watch:
    cluster.create(TRACE_TOPIC, queues=1)
    session = result_of(Producer("P", settings=cluster.settings()).start())._session
    parts = SendParts(
        SendRules("C"), session.routes, session.pool, session.reactor, session.wall_ms
    )
    ids = iter(f"ID{n}" for n in range(10_000))
    parts_of_watch = WatchParts("C", False, parts, lambda: next(ids))
    return MessageTrace().open(parts_of_watch)


MARKED = {"MSG_REGION": "R", "TRACE_ON": "true"}


def test_consuming_is_told_before_and_after(
    cluster: FakeCluster, watch: Watch, clock: Clock
) -> None:
    working: Deferred[None] = Deferred()
    message = received("x", keys=("k",), system_properties=MARKED, reconsume_times=2)
    result = held(consumed(lambda _: working, watch, message))
    clock.advance(0.25)
    working.callback(None)
    assert result == [None]
    result_of(watch.close())
    before, after = traced(cluster)
    assert (before.type, after.type) == (TraceType.DELIVERY, TraceType.CONSUMED)
    assert (before.time_ms, before.region, before.group) == (WALL_MS, "R", "C")
    assert (before.message_id, before.retry_times, before.keys) == ("ID-x", 2, "k")
    assert after.request_id == before.request_id
    assert (after.message_id, after.cost_ms, after.succeeded) == ("ID-x", 250, True)
    assert (after.context_code, after.group) == (Returned.SUCCESS, "C")


@pytest.mark.parametrize(
    ("error", "returned"),
    [(ValueError("x"), Returned.ERROR), (RetryLater(), Returned.FAILED)],
)
def test_failures_are_told_and_come_through(
    cluster: FakeCluster, watch: Watch, error: Exception, returned: Returned
) -> None:
    async def handler(messages: Any) -> None:
        assert len(messages) == 2
        raise error

    some = [received(b, system_properties=MARKED) for b in "xy"]
    with pytest.raises(type(error)):
        result_of(consumed(handler, watch, *some))
    result_of(watch.close())
    items = traced(cluster)
    ends = [item for item in items if item.type is TraceType.CONSUMED]
    assert [end.message_id for end in ends] == ["ID-x", "ID-y"]
    assert {end.context_code for end in ends} == {returned}
    assert not any(end.succeeded for end in ends)
    assert len(items) == 4


def test_messages_that_are_not_to_be_traced_are_not(
    cluster: FakeCluster, watch: Watch
) -> None:
    message = received("x", system_properties={"TRACE_ON": "false"})
    result_of(consumed(lambda _: None, watch, message))
    result_of(watch.close())
    assert not traced(cluster)


def test_no_more_wait_than_so_many(
    cluster: FakeCluster, watch: Any, clock: Clock
) -> None:
    message = received("x", system_properties=MARKED)
    for _ in range(MOST_ITEMS):
        watch.consuming([message])
    watch.consuming([message])
    assert watch.dropped_items == 1
    clock.advance(0)
    assert len(traced(cluster)) == MOST_ITEMS
    assert not clock.getDelayedCalls() or not watch._waiting


def test_what_cannot_be_told_is_dropped_and_the_rest_is_told(
    cluster: FakeCluster, producer: Producer, clock: Clock
) -> None:
    watch: Any = producer._watch
    watch._add(TraceItem(type=TraceType.SEND, message_id="a b"))
    clock.advance(5)
    result_of(producer.send(Message("T", b"x")))
    clock.advance(5)
    assert watch.dropped_items == 1
    assert len(cluster.bodies(TRACE_TOPIC)) == 1


def test_what_is_seen_after_the_end_leaves_no_timer(
    producer: Producer, clock: Clock
) -> None:
    watch: Any = producer._watch
    result_of(producer.close())
    watch.recalled("T", "id", Command(code=0))
    assert not clock.getDelayedCalls()
