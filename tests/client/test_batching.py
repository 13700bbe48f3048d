from collections.abc import Sequence

import pytest
from client_kit import FakeCluster, held, result_of
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock

from twistedmq.client.batching import Accumulator, Batching
from twistedmq.client.errors import ArgumentError, SendFailedError
from twistedmq.client.in_flight import InFlight, InFlightLimits
from twistedmq.client.message import Message, Receipt
from twistedmq.client.packing import PackingRules
from twistedmq.client.producer import Producer
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.errors import MessageIllegalError

QUEUE = MessageQueue("T", "broker-0", 0)


class Sink:
    """Takes what an accumulator sends."""

    def __init__(self) -> None:
        self.batches: list[list[bytes]] = []
        self.queues: list[MessageQueue | None] = []
        self.answers: list[Deferred[list[Receipt]]] = []

    def __call__(
        self, messages: Sequence[Message], queue: MessageQueue | None
    ) -> Deferred[list[Receipt]]:
        self.batches.append([message.body for message in messages])
        self.queues.append(queue)
        self.answers.append(Deferred())
        return self.answers[-1]


@pytest.fixture
def sink() -> Sink:
    return Sink()


def in_flight(clock: Clock) -> InFlight:
    return InFlight(InFlightLimits(), clock)


def accumulator(clock: Clock, sink: Sink, **rules: int) -> Accumulator:
    return Accumulator(Batching(**rules), clock, sink, in_flight(clock), 4096)


def receipt(number: int) -> Receipt:
    return Receipt(
        message_id=f"ID{number}",
        offset_message_id="O",
        queue=QUEUE,
        queue_offset=number,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_delay_ms", -1),
        ("max_delay_ms", 30_001),
        ("max_bytes", 2 * 1024 * 1024 + 1),
        ("max_total_bytes", 0),
    ],
)
def test_limits_have_their_range(name: str, value: int) -> None:
    with pytest.raises(ArgumentError, match=name):
        Batching(**{name: value})


def test_messages_go_together_after_a_moment(clock: Clock, sink: Sink) -> None:
    holding = accumulator(clock, sink)
    got = [held(holding.add(Message("T", b"%d" % n), None)) for n in range(3)]
    clock.advance(0.009)
    assert not sink.batches
    clock.advance(0.002)
    assert sink.batches == [[b"0", b"1", b"2"]]
    assert got == [[], [], []]
    sink.answers[0].callback([receipt(n) for n in range(3)])
    assert [each[0].message_id for each in got] == ["ID0", "ID1", "ID2"]


def test_or_when_they_are_enough(clock: Clock, sink: Sink) -> None:
    holding = accumulator(clock, sink, max_bytes=10)
    for body in (b"1234", b"5678", b"90123", b"45678"):
        holding.add(Message("T", body), None)
    assert sink.batches == [[b"1234", b"5678"], [b"90123", b"45678"]]
    assert not clock.getDelayedCalls()


def test_only_what_belongs_together_goes_together(clock: Clock, sink: Sink) -> None:
    holding = accumulator(clock, sink)
    others = [
        (Message("T", b"b"), QUEUE),
        (Message("T", b"c", sharding_key="l"), None),
        (Message("T", b"d", wait_stored=False), None),
        (Message("T", b"e", sharding_key="k"), None),
        (Message("U", b"f"), None),
    ]
    holding.add(Message("T", b"a"), None)
    for message, queue in others:
        holding.add(message, queue)
    holding.add(Message("T", b"A", tag="x"), None)
    holding.flush()
    assert sink.batches == [[b"a", b"A"], [b"b"], [b"c"], [b"d"], [b"e"], [b"f"]]
    assert sink.queues[1] == QUEUE
    assert not clock.getDelayedCalls()


def test_some_messages_are_not_held(clock: Clock, sink: Sink) -> None:
    holding = accumulator(clock, sink, max_bytes=10, max_total_bytes=12)
    assert holding.takes(Message("T", b"123456789"))
    assert not holding.takes(Message("T", b"1234567890"))
    assert not holding.takes(Message("T", b"x", delay_level=1))
    assert not holding.takes(Message("T", b"x", priority=1))
    assert not holding.takes(Message("%RETRY%G", b"x"))
    holding.add(Message("T", b"12345"), None)
    assert not holding.takes(Message("T", b"12345678"))
    holding.flush()
    assert holding.takes(Message("T", b"12345678"))


def test_a_failure_is_that_of_each(clock: Clock, sink: Sink) -> None:
    holding = accumulator(clock, sink)
    got = [holding.add(Message("T", b"x"), None) for _ in range(2)]
    holding.flush()
    sink.answers[0].errback(SendFailedError("T", [], []))
    for each in got:
        with pytest.raises(SendFailedError):
            result_of(each)


def test_who_gives_up_is_left_out(clock: Clock, sink: Sink) -> None:
    holding = accumulator(clock, sink)
    early, late, kept = (holding.add(Message("T", b"%d" % n), None) for n in range(3))
    early.cancel()
    holding.flush()
    late.cancel()
    sink.answers[0].callback([receipt(1), receipt(2)])
    assert sink.batches == [[b"1", b"2"]]
    for each in (early, late):
        with pytest.raises(CancelledError):
            result_of(each)
    assert result_of(kept).message_id == "ID2"
    holding.add(Message("T", b"x"), None).addErrback(lambda _: None).cancel()
    holding.flush()
    assert len(sink.batches) == 1


def batching_producer(cluster: FakeCluster, **options: int) -> Producer:
    cluster.create("T")
    rules = PackingRules(**options)
    producer = Producer(
        "P", settings=cluster.settings(), batching=Batching(), packing=rules
    )
    return result_of(producer.start())


def test_a_producer_batches_by_itself(cluster: FakeCluster, clock: Clock) -> None:
    producer = batching_producer(cluster)
    sends = [held(producer.send(Message("T", b"%d" % n))) for n in range(5)]
    at_once = held(producer.send(Message("T", b"later", delay_s=3)))
    assert at_once[0].queue_offset == 0
    clock.advance(0.011)
    receipts = [each[0] for each in sends]
    assert len({each.message_id for each in receipts}) == 5
    first = receipts[0].queue_offset
    assert [each.queue_offset - first for each in receipts] == [0, 1, 2, 3, 4]
    codes = cluster.codes()
    assert codes.count(RequestCode.SEND_BATCH_MESSAGE) == 1
    assert codes.count(RequestCode.SEND_MESSAGE_V2) == 1


def test_one_alone_goes_as_it_would_have(cluster: FakeCluster, clock: Clock) -> None:
    producer = batching_producer(cluster)
    sent = held(producer.send(Message("T", b"a" * 5000)))
    clock.advance(0.011)
    assert sent[0].queue_offset == 0
    assert RequestCode.SEND_BATCH_MESSAGE not in cluster.codes()
    [record] = [r for some in cluster.records.values() for r in some]
    assert record.sys_flag  # compressed, as batches are not


def test_what_is_too_large_together_goes_in_parts(
    cluster: FakeCluster, clock: Clock
) -> None:
    producer = batching_producer(cluster, max_message_bytes=1000)
    long = {"p": "v" * 300}
    sends = [
        held(producer.send(Message("T", b"%d" % n, properties=long))) for n in range(5)
    ]
    clock.advance(0.011)
    assert len({each[0].message_id for each in sends}) == 5
    assert sorted(cluster.bodies("T")) == [b"0", b"1", b"2", b"3", b"4"]


def test_what_is_illegal_is_told_before_it_is_held(cluster: FakeCluster) -> None:
    producer = batching_producer(cluster)
    with pytest.raises(MessageIllegalError):
        result_of(producer.send(Message("T", b"")))


def test_closing_sends_what_is_held(cluster: FakeCluster, clock: Clock) -> None:
    producer = batching_producer(cluster)
    sends = [held(producer.send(Message("T", b"x"))) for _ in range(2)]
    assert result_of(producer.close()) is None
    assert all(each[0].message_id for each in sends)
    assert not clock.getDelayedCalls()


def test_a_batch_that_is_refused_fails_each(cluster: FakeCluster, clock: Clock) -> None:
    producer = batching_producer(cluster)
    cluster.refuse[RequestCode.SEND_BATCH_MESSAGE] = ResponseCode.MESSAGE_ILLEGAL, "no"
    sends = [producer.send(Message("T", b"x")) for _ in range(2)]
    clock.advance(0.011)
    for each in sends:
        with pytest.raises(Exception, match="no"):
            result_of(each)


def test_whatever_goes_wrong_nobody_waits_for_ever(clock: Clock) -> None:
    def broken(
        messages: Sequence[Message], queue: MessageQueue | None
    ) -> Deferred[list[Receipt]]:
        raise ZeroDivisionError

    held_back = Accumulator(Batching(), clock, broken, in_flight(clock), 4096)
    results = [held(held_back.add(Message("T", b"x"), None)) for _ in range(2)]
    clock.advance(1)
    assert all(each[0].check(ZeroDivisionError) for each in results)
