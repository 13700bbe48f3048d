"""What a producer batches by itself: nothing waits, and only under load."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pytest
from client_kit import FakeCluster, held, result_of
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from twistedmq.client.batching import (
    BUSY_FROM,
    WITHIN_A_TURN,
    Accumulator,
    Batching,
)
from twistedmq.client.errors import RefusedError
from twistedmq.client.in_flight import InFlight, InFlightLimits
from twistedmq.client.message import Message, Receipt
from twistedmq.client.producer import Producer
from twistedmq.client.selection import ByFunction
from twistedmq.client.tracing import MessageTrace
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.errors import MessageIllegalError

SINGLE, BATCH = RequestCode.SEND_MESSAGE_V2, RequestCode.SEND_BATCH_MESSAGE
LIGHT = {"INNER_MULTI_DISPATCH": "%LMQ%a"}


class Busy:
    """A producer that has so many messages on their way that others are held."""

    def __init__(self, cluster: FakeCluster, **options: Any) -> None:
        cluster.create("T", queues=1)
        self.cluster = cluster
        self.producer = Producer("P", settings=cluster.settings(), **options)
        result_of(self.producer.start())
        self._gates = []
        for n in range(BUSY_FROM):
            self._gates.append(cluster.wait_for(SINGLE))
            self.producer.send(Message("T", b"first %d" % n))

    def answer(self) -> None:
        """Have what was on its way answered."""
        for gate in self._gates:
            gate.callback(None)

    def codes(self) -> list[int]:
        """Give the codes of what was sent since then."""
        codes = [code for code in self.cluster.codes() if code in (SINGLE, BATCH)]
        return codes[BUSY_FROM:]


def test_who_waits_for_each_receipt_sends_each_by_itself(
    cluster: FakeCluster, clock: Clock
) -> None:
    cluster.create("T")
    producer = Producer("P", settings=cluster.settings())
    result_of(producer.start())
    timers = len(clock.getDelayedCalls())
    for n in range(2 * BUSY_FROM):
        result_of(producer.send(Message("T", b"%d" % n)))
    codes = [code for code in cluster.codes() if code in (SINGLE, BATCH)]
    assert codes == [SINGLE] * 2 * BUSY_FROM
    assert len(clock.getDelayedCalls()) == timers


def test_a_few_at_a_time_go_as_they_come(cluster: FakeCluster) -> None:
    assert Busy(cluster).cluster.codes().count(SINGLE) == BUSY_FROM


def test_while_many_are_on_their_way_what_a_turn_brings_goes_together(
    cluster: FakeCluster, clock: Clock
) -> None:
    busy = Busy(cluster)
    sends = [held(busy.producer.send(Message("T", b"%d" % n))) for n in range(5)]
    assert busy.codes() == []
    clock.advance(0)
    assert busy.codes() == [BATCH]
    offsets = [each[0].queue_offset for each in sends]
    assert offsets == list(range(5))
    assert len({each[0].message_id for each in sends}) == 5


def test_one_alone_goes_as_it_would_have(cluster: FakeCluster, clock: Clock) -> None:
    busy = Busy(cluster)
    sent = held(busy.producer.send(Message("T", b"x")))
    clock.advance(0)
    assert busy.codes() == [SINGLE]
    assert sent[0].queue_offset == 0


def test_what_the_receipts_of_a_batch_lead_to_is_a_batch(
    cluster: FakeCluster, clock: Clock
) -> None:
    busy = Busy(cluster)
    sent: list[Any] = []

    def again(_: Receipt) -> None:
        busy.producer.send(Message("T", b"again")).addCallback(sent.append)

    for _ in range(10):
        busy.producer.send(Message("T", b"x")).addCallback(again)
    clock.advance(0)
    clock.advance(0)
    assert busy.codes() == [BATCH, BATCH]
    assert len(sent) == 10


def test_a_full_batch_waits_for_no_turn(cluster: FakeCluster) -> None:
    busy = Busy(cluster)
    for _ in range(70):
        busy.producer.send(Message("T", b"x" * 1024))
    assert busy.codes() == [BATCH, BATCH]


@pytest.mark.parametrize(
    ("message", "sending"),
    [
        (Message("T", b"x" * 4096), {}),  # it is compressed
        (Message("T", b"x", delay_level=1), {}),
        (Message("T", b"x", priority=0), {}),
        (Message("T", b"x", properties=LIGHT), {}),
        (Message("T", b"x"), {"timeout_s": 1.0}),
        (Message("T", b"x"), {"selection": ByFunction(lambda _, queues: queues[0])}),
    ],
)
def test_what_would_be_another_in_a_batch_goes_by_itself(
    cluster: FakeCluster, message: Message, sending: dict[str, Any]
) -> None:
    busy = Busy(cluster)
    for _ in range(2):
        result_of(busy.producer.send(message, **sending))
    assert busy.codes() == [SINGLE, SINGLE]


def test_a_selection_sees_each_message(cluster: FakeCluster) -> None:
    seen: list[bytes] = []

    def choose(message: Message, queues: Sequence[MessageQueue]) -> MessageQueue:
        seen.append(message.body)
        return queues[0]

    busy = Busy(cluster, selection=ByFunction(choose))
    for body in (b"a", b"b"):
        result_of(busy.producer.send(Message("T", body)))
    assert seen[BUSY_FROM:] == [b"a", b"b"]


@pytest.mark.parametrize(
    "options",
    [
        {"batching": None},
        {"limits": InFlightLimits(max_messages=BUSY_FROM + 2, wait=False)},
        {"watchers": [MessageTrace()]},
    ],
    ids=["never", "waits for no room", "watched"],
)
def test_some_producers_send_each_by_itself(
    cluster: FakeCluster, options: dict[str, Any]
) -> None:
    busy = Busy(cluster, **options)
    for _ in range(3):
        result_of(busy.producer.send(Message("T", b"x")))
    assert busy.codes() == [SINGLE] * 3


def test_what_has_an_order_does_not_overtake(
    cluster: FakeCluster, clock: Clock
) -> None:
    busy = Busy(cluster)
    queue = MessageQueue("T", "broker-0", 0)

    def send(body: bytes, timeout_s: float | None = None) -> None:
        by_key = Message("T", b"key " + body, sharding_key="k")
        busy.producer.send(by_key, timeout_s=timeout_s)
        by_queue = Message("T", b"queue " + body)
        busy.producer.send(by_queue, queue=queue, timeout_s=timeout_s)

    send(b"1")
    send(b"2")
    send(b"3", timeout_s=1.0)  # is not held
    send(b"4")
    clock.advance(0)
    for place in (b"key ", b"queue "):
        stored = [body for body in cluster.bodies("T") if body.startswith(place)]
        assert stored == [place + number for number in (b"1", b"2", b"3", b"4")]


def test_neither_a_tag_nor_how_it_waits_changes_the_order(
    cluster: FakeCluster, clock: Clock
) -> None:
    busy = Busy(cluster)
    queue = MessageQueue("T", "broker-0", 0)
    waits = [True, True, False, False, True]
    for n, wait in enumerate(waits):
        message = Message(
            "T", b"%d" % n, tag=f"t{n % 2}", sharding_key="k", wait_stored=wait
        )
        busy.producer.send(message)
    clock.advance(0)
    assert cluster.bodies("T") == [b"0", b"1", b"2", b"3", b"4"]
    assert busy.codes() == [BATCH, BATCH, SINGLE]
    for n, key in enumerate(("a", "b", None)):
        busy.producer.send(Message("T", b"%d" % n, sharding_key=key), queue=queue)
    clock.advance(0)
    assert cluster.bodies("T")[5:] == [b"0", b"1", b"2"]
    assert busy.codes()[3:] == [BATCH]


def test_who_is_told_at_once_may_send_again(clock: Clock) -> None:
    went: list[bytes] = []
    again = [b"again 1", b"again 2"]

    def broken(
        messages: Sequence[Message], queue: MessageQueue | None
    ) -> Deferred[list[Receipt]]:
        went.extend(message.body for message in messages)
        raise ZeroDivisionError

    def retry(_: Failure) -> None:
        if again:
            holding.add(Message("T", again.pop(0)), None).addErrback(retry)

    in_flight = InFlight(InFlightLimits(), clock)
    rules = Batching(max_delay_ms=0, max_bytes=10)
    holding = Accumulator(rules, clock, broken, in_flight, 4096)
    for body in (b"first", b"second"):
        holding.add(Message("T", body), None).addErrback(retry)
    clock.advance(0)
    assert sorted(went) == [b"again 1", b"again 2", b"first", b"second"]


def test_closing_sends_what_is_held(cluster: FakeCluster, clock: Clock) -> None:
    busy = Busy(cluster)
    sent = [held(busy.producer.send(Message("T", b"x"))) for _ in range(2)]
    closed = held(busy.producer.close())
    assert all(each[0].message_id for each in sent)
    assert not closed
    busy.answer()
    assert closed == [None]
    assert not clock.getDelayedCalls()


def test_who_gives_up_within_the_turn_is_left_out(
    cluster: FakeCluster, clock: Clock
) -> None:
    busy = Busy(cluster)
    given_up, kept = (busy.producer.send(Message("T", body)) for body in (b"a", b"b"))
    given_up.cancel()
    clock.advance(0)
    assert cluster.bodies("T") == [b"b"]
    assert result_of(kept).queue_offset == 0
    with pytest.raises(CancelledError):
        result_of(given_up)


def test_a_batch_that_is_refused_fails_each(cluster: FakeCluster, clock: Clock) -> None:
    busy = Busy(cluster)
    cluster.refuse[BATCH] = ResponseCode.MESSAGE_ILLEGAL, "turned away"
    sent = [busy.producer.send(Message("T", b"x")) for _ in range(2)]
    clock.advance(0)
    for each in sent:
        with pytest.raises(RefusedError, match="turned away"):
            result_of(each)


def test_a_batch_has_no_more_than_may_be_on_the_way(
    cluster: FakeCluster, clock: Clock
) -> None:
    limits = InFlightLimits(max_messages=BUSY_FROM + 2, max_bytes=5000)
    busy = Busy(cluster, limits=limits)
    sent = [held(busy.producer.send(Message("T", b"x"))) for _ in range(10)]
    sent += [held(busy.producer.send(Message("T", b"x" * 2000))) for _ in range(3)]
    clock.advance(0)
    busy.answer()
    assert all(each[0].message_id for each in sent)
    assert len(cluster.bodies("T")) == BUSY_FROM + 13
    assert busy.codes() == [BATCH, BATCH, SINGLE]


def test_one_with_too_many_properties_fails_alone(
    cluster: FakeCluster, clock: Clock
) -> None:
    busy = Busy(cluster)
    long = Message("T", b"long", properties={"p": "v" * 32_768})
    sent = [
        busy.producer.send(message)
        for message in (Message("T", b"a"), long, Message("T", b"b"))
    ]
    clock.advance(0)
    assert sorted(cluster.bodies("T")) == [b"a", b"b"]
    with pytest.raises(MessageIllegalError, match="all properties have 32"):
        result_of(sent[1])
    for each in (sent[0], sent[2]):
        assert result_of(each).message_id


class Sink(InFlight):
    """Takes what an accumulator sends, and answers when it is told to."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(InFlightLimits(), clock)
        self.went: defaultdict[str | None, list[int]] = defaultdict(list)
        self.on_way: list[tuple[int, Deferred[list[Receipt]]]] = []

    def __call__(
        self, messages: Sequence[Message], queue: MessageQueue | None
    ) -> Deferred[list[Receipt]]:
        for message in messages:
            self.went[message.sharding_key].append(int(message.body))
        self.on_way.append((len(messages), Deferred()))
        self.messages += len(messages)
        return self.on_way[-1][1]

    def answer(self, which: int, *, well: bool) -> None:
        count, answered = self.on_way.pop(which % len(self.on_way))
        self.messages -= count
        if well:
            queue = MessageQueue("T", "b", 0)
            answered.callback([_receipt(queue, n) for n in range(count)])
        else:
            answered.errback(ZeroDivisionError())


def _receipt(queue: MessageQueue, number: int) -> Receipt:
    return Receipt(
        message_id="I", offset_message_id="O", queue=queue, queue_offset=number
    )


steps = st.one_of(
    st.tuples(st.just("send"), st.sampled_from(["k", "l", None]), st.integers(0, 5)),
    st.tuples(st.just("answer"), st.integers(0, 9), st.booleans()),
    st.tuples(st.just("cancel"), st.integers(0, 9), st.booleans()),
    st.tuples(st.just("turn"), st.none(), st.none()),
)


@given(st.lists(steps, max_size=60))
def test_each_is_told_once_and_order_is_kept(
    script: list[tuple[str, Any, Any]],
) -> None:
    clock = Clock()
    sink = Sink(clock)
    holding = Accumulator(WITHIN_A_TURN, clock, sink, sink, 5)
    waiting: list[Deferred[Any]] = []
    told: list[Any] = []
    sent: defaultdict[str | None, list[int]] = defaultdict(list)

    def send(number: int, key: str | None, how: int) -> None:
        body = b"%05d" if how == 0 else b"%d"  # five bytes are compressed
        message = Message(
            "T", body % number, tag=f"t{how}", sharding_key=key, wait_stored=how != 1
        )
        sent[key].append(number)
        if holding.takes(message):
            receipt: Deferred[Any] = holding.add(message, None)
        else:
            holding.make_way(message, None)
            receipt = sink([message], None)
        receipt.addBoth(told.append)
        waiting.append(receipt)

    number = 0
    for what, which, how in script:
        if what == "send":
            send(number, which, how)
            number += 1
        elif what == "answer" and sink.on_way:
            sink.answer(which, well=how)
        elif what == "cancel" and waiting and not sink.on_way:
            waiting[which % len(waiting)].cancel()
        elif what == "turn":
            clock.advance(0)
    clock.advance(0)
    while sink.on_way:
        sink.answer(0, well=True)
    assert len(told) == number
    for key in ("k", "l"):
        kept = [each for each in sent[key] if each in sink.went[key]]
        assert sink.went[key] == kept
