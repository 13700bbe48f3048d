from collections.abc import Callable
from typing import Any

import pytest
from client_kit import held, result_of
from pop_cluster import PopCluster
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq import ReceivedMessage, SimpleConsumer, Sql, StartFrom
from twistedmq.client.errors import (
    ArgumentError,
    NotRunningError,
    RefusedError,
    RouteNotFoundError,
)
from twistedmq.client.pop_errors import (
    AckFailedError,
    NotPoppedError,
    ReceiptHandleExpiredError,
)
from twistedmq.filter.interfaces import ExpressionError
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.record import Record
from twistedmq.remoting.errors import ConnectError

Make = Callable[..., SimpleConsumer]
POP = RequestCode.POP_MESSAGE


@pytest.fixture
def cluster(clock: Clock) -> PopCluster:
    made = PopCluster(clock)
    made.create("T", queues=2)
    return made


@pytest.fixture
def make(cluster: PopCluster) -> Make:
    def consumer(expression: str = "*", **options: Any) -> SimpleConsumer:
        settings = cluster.settings(**options.pop("changes", {}))
        usual = {"settings": settings, "start_from": StartFrom.FIRST}
        made = SimpleConsumer("G", {"T": expression}, **usual | options)
        return made

    return consumer


@pytest.fixture
def begin(make: Make) -> Make:
    def consumer(*arguments: Any, **options: Any) -> SimpleConsumer:
        started: SimpleConsumer = result_of(make(*arguments, **options).start())
        return started

    return consumer


def bodies(messages: list[ReceivedMessage]) -> list[bytes]:
    return [message.body for message in messages]


def headers(cluster: PopCluster, code: int) -> list[Any]:
    return [header for _, asked, header in cluster.requests if asked == code]


def test_messages_are_lent_and_acked(
    cluster: PopCluster, begin: Make, clock: Clock
) -> None:
    cluster.put("T", "a", "b")
    cluster.put("T", "c", queue_id=1)
    consumer = begin()
    messages = result_of(consumer.receive(invisible_s=30))
    assert bodies(messages) == [b"a", b"b", b"c"]
    assert cluster.out() == [b"a", b"b", b"c"]
    acked = held(consumer.ack(messages[1]))
    clock.advance(0)
    assert acked == [None]
    assert cluster.acked == [b"b"]
    [header] = headers(cluster, RequestCode.ACK_MESSAGE)
    assert header.extra_info == messages[1].receipt_handle


def test_acks_of_one_turn_go_out_together(
    cluster: PopCluster, begin: Make, clock: Clock
) -> None:
    cluster.put("T", "a", "b")
    cluster.put("T", "c", queue_id=1)
    consumer = begin()
    messages = result_of(consumer.receive())
    acked = [held(consumer.ack(message)) for message in messages]
    clock.advance(0)
    assert acked == [[None]] * 3
    assert sorted(cluster.acked) == [b"a", b"b", b"c"]
    assert cluster.codes().count(RequestCode.BATCH_ACK_MESSAGE) == 1
    assert RequestCode.ACK_MESSAGE not in cluster.codes()


def test_what_is_not_acked_comes_again(
    cluster: PopCluster, begin: Make, clock: Clock
) -> None:
    cluster.put("T", "a")
    consumer = begin()
    [first] = result_of(consumer.receive(invisible_s=10))
    assert first.reconsume_times == 0
    clock.advance(10)
    [again] = result_of(consumer.receive())
    assert (again.body, again.topic, again.reconsume_times) == (b"a", "T", 1)
    acked = held(consumer.ack(again))
    clock.advance(0)
    assert (acked, cluster.acked) == ([None], [b"a"])
    [header] = headers(cluster, RequestCode.ACK_MESSAGE)
    assert header.topic == "%RETRY%G_T"


def test_a_receive_waits_for_a_message(
    cluster: PopCluster, begin: Make, clock: Clock
) -> None:
    consumer = begin()
    received = held(consumer.receive(await_s=10))
    clock.advance(5)
    assert received == []
    cluster.put("T", "a")
    assert bodies(received[0]) == [b"a"]
    nothing = held(consumer.receive(await_s=10))
    clock.advance(10)
    assert nothing == [[]]
    assert result_of(consumer.receive(await_s=0)) == []


def test_one_pop_does_not_wait_for_ever(
    cluster: PopCluster, begin: Make, clock: Clock
) -> None:
    received = held(begin().receive(await_s=50))
    clock.pump([1.0] * 51)
    assert received == [[]]
    assert [h.poll_time for h in headers(cluster, POP)] == [20_000, 20_000, 10_000]


def test_a_broker_that_does_not_wait_is_not_asked_without_end(
    cluster: PopCluster, begin: Make, clock: Clock
) -> None:
    cluster.refuse[POP] = ResponseCode.POLLING_TIMEOUT, "too late"
    received = held(begin().receive(await_s=10))
    for _ in range(200):
        clock.advance(0.05)
    assert received == [[]]
    assert cluster.codes().count(POP) < 20


def test_all_brokers_are_asked_in_turn(clock: Clock) -> None:
    cluster = PopCluster(clock, brokers=3)
    cluster.create("T", queues=1)
    queues = [MessageQueue("T", f"broker-{n}", 0) for n in range(3)]
    settings = cluster.settings()
    consumer = SimpleConsumer("G", {"T": "*"}, settings=settings)
    result_of(consumer.start())
    for queue in queues:
        body = queue.broker_name.encode()
        cluster.append(queue, Record(topic="T", body=body), {})
    got = [bodies(result_of(consumer.receive())) for _ in queues]
    assert sorted(got) == [[b"broker-0"], [b"broker-1"], [b"broker-2"]]


def test_several_brokers_give_notice(clock: Clock) -> None:
    cluster = PopCluster(clock, brokers=2)
    cluster.create("T", queues=1)
    consumer = SimpleConsumer("G", {"T": "*"}, settings=cluster.settings())
    result_of(consumer.start())
    received = [held(consumer.receive(1, await_s=60)) for _ in range(3)]
    clock.pump([5.0] * 6)
    # nobody waits with a pop, and each broker keeps one notification at a time
    assert cluster.waiting == 2
    cluster.put("T", "a")
    clock.advance(0.2)
    assert [bodies(each[0]) for each in received if each] == [[b"a"]]
    result_of(consumer.close())
    assert sorted(map(len, [each[0] for each in received])) == [0, 0, 1]


def test_tags_of_the_same_hash_are_told_apart(
    cluster: PopCluster, begin: Make, clock: Clock
) -> None:
    cluster.put("T", "a", tag="Aa")
    cluster.put("T", "b", tag="BB")
    cluster.put("T", "c", tag="C")
    consumer = begin("Aa")
    assert bodies(result_of(consumer.receive())) == [b"a"]
    clock.advance(0)
    assert cluster.acked == [b"b"]


def test_conditions(cluster: PopCluster, begin: Make) -> None:
    consumer = begin(Sql("price > 3"))
    held(consumer.receive())
    [header] = headers(cluster, POP)
    assert (header.exp_type, header.exp) == ("SQL92", "price > 3")
    with pytest.raises(ExpressionError):
        Sql("price >")


def test_in_order_a_queue_waits_for_its_acks(
    cluster: PopCluster, begin: Make, clock: Clock
) -> None:
    cluster.put("T", "a", "b", "c")
    consumer = begin(ordered=True)
    first = result_of(consumer.receive(2, invisible_s=10))
    assert bodies(first) == [b"a", b"b"]
    assert result_of(consumer.receive(await_s=0)) == []
    consumer.ack(first[0])
    clock.advance(0)
    clock.advance(10)
    again = result_of(consumer.receive(2))
    assert [(m.body, m.reconsume_times) for m in again] == [(b"b", 1), (b"c", 0)]
    done = held(consumer.ack_all(again))
    clock.advance(0)
    assert done == [None]
    assert cluster.acked == [b"a", b"b", b"c"]


def test_an_ordered_pop_without_an_answer_is_the_same_attempt(
    cluster: PopCluster, begin: Make, clock: Clock
) -> None:
    consumer = begin(ordered=True)
    cluster.down.add(cluster.addresses["broker-0"])
    with pytest.raises(ConnectError):
        result_of(consumer.receive(await_s=0))
    cluster.down.clear()
    cluster.put("T", "a")
    result_of(consumer.receive(await_s=0))
    result_of(consumer.receive(await_s=0))
    first, second, third = [each.attempt_id for each in headers(cluster, POP)]
    assert first == second != third
    assert first


def test_a_message_can_be_kept_longer(
    cluster: PopCluster, begin: Make, clock: Clock
) -> None:
    cluster.put("T", "a")
    consumer = begin()
    [message] = result_of(consumer.receive(invisible_s=10))
    clock.advance(8)
    kept = result_of(consumer.change_invisible(message, 20))
    assert kept.receipt_handle != message.receipt_handle
    clock.advance(15)
    assert cluster.out() == [b"a"]
    acked = held(consumer.ack(kept))
    clock.advance(0)
    assert (acked, cluster.acked) == ([None], [b"a"])
    with pytest.raises(ReceiptHandleExpiredError) as caught:
        result_of(consumer.ack(message))
    assert caught.value.late_ms == 13_000


def test_an_ordered_message_can_be_kept_longer(
    cluster: PopCluster, begin: Make, clock: Clock
) -> None:
    cluster.put("T", "a")
    consumer = begin(ordered=True)
    [message] = result_of(consumer.receive(invisible_s=10))
    clock.advance(8)
    kept = result_of(consumer.change_invisible(message, 20))
    clock.advance(15)
    acked = held(consumer.ack(kept))
    clock.advance(0)
    assert (acked, cluster.acked) == ([None], [b"a"])
    with pytest.raises(ReceiptHandleExpiredError, match="no good any more"):
        result_of(consumer.change_invisible(kept, 20))


def test_what_is_given_back_comes_again_after_a_delay_that_grows(
    cluster: PopCluster, begin: Make, clock: Clock
) -> None:
    cluster.put("T", "a")
    consumer = begin()
    [message] = result_of(consumer.receive())
    result_of(consumer.nack(message, delay_s=0))
    [again] = result_of(consumer.receive())
    assert again.reconsume_times == 1
    result_of(consumer.nack(again))
    changed = headers(cluster, RequestCode.CHANGE_MESSAGE_INVISIBLETIME)
    assert [header.invisible_time for header in changed] == [0, 30_000]


def test_what_came_back_too_often_goes_to_the_dead_letters(
    cluster: PopCluster, begin: Make, clock: Clock
) -> None:
    cluster.put("T", "a", UNIQ_KEY="ID")
    consumer = begin(max_reconsume_times=1)
    [message] = result_of(consumer.receive())
    result_of(consumer.nack(message, 0))
    assert result_of(consumer.receive(await_s=0)) == []
    clock.advance(0)
    [buried] = cluster.given_back
    assert (buried.delay_level, buried.origin_msg_id) == (-1, "ID")
    assert cluster.acked == [b"a"]


def test_a_message_can_be_buried(
    cluster: PopCluster, begin: Make, clock: Clock
) -> None:
    cluster.put("T", "a")
    consumer = begin()
    [message] = result_of(consumer.receive())
    buried = held(consumer.bury(message))
    clock.advance(0)
    assert buried == [None]
    assert cluster.given_back[0].delay_level == -1
    assert cluster.acked == [b"a"]


def test_iterating_acks_the_one_before(
    cluster: PopCluster, make: Make, clock: Clock
) -> None:
    cluster.put("T", "a", "b", "c")
    got: list[bytes] = []

    async def consume() -> None:
        async with make() as consumer:
            async for message in consumer:
                got.append(message.body)
                if message.body == b"c":
                    break

    ended = held(Deferred.fromCoroutine(consume()))
    clock.advance(0)
    assert got == [b"a", b"b", b"c"]
    assert sorted(cluster.acked) == got
    assert ended == [None]
    assert not cluster.out()
    assert not clock.getDelayedCalls()


def test_an_exception_does_not_ack_and_gives_back_the_rest(
    cluster: PopCluster, make: Make, clock: Clock
) -> None:
    cluster.put("T", "a", "b", "c")

    async def consume() -> None:
        async with make() as consumer:
            async for message in consumer:
                if message.body == b"b":
                    raise ValueError("no")

    ended = held(Deferred.fromCoroutine(consume()))
    clock.advance(0)
    assert ended[0].check(ValueError)
    assert cluster.acked == [b"a"]
    assert cluster.out() == [b"b"]


def test_an_iteration_can_ack_and_nack_by_itself(
    cluster: PopCluster, make: Make, clock: Clock
) -> None:
    cluster.put("T", "a", "b", "c")

    async def consume() -> None:
        async with make() as consumer:
            async for message in consumer:
                if message.body == b"b":
                    await consumer.nack(message)
                elif message.body == b"c":
                    await consumer.ack(message)
                    break

    ended = held(Deferred.fromCoroutine(consume()))
    clock.pump([0, 0])
    assert ended == [None]
    assert cluster.acked == [b"a", b"c"]
    assert cluster.out() == [b"b"]


def test_an_iteration_waits_out_what_is_wrong_with_brokers(
    cluster: PopCluster, begin: Make, clock: Clock
) -> None:
    got: list[bytes] = []
    consumer = begin()

    async def consume() -> None:
        async for message in consumer:
            got.append(message.body)  # noqa: PERF401 - seen as they come

    ended = held(Deferred.fromCoroutine(consume()))
    cluster.down.add(cluster.addresses["broker-0"])
    cluster.put("T", "a")  # answers the pop that waits
    clock.pump([1.0] * 20)
    cluster.refuse[POP] = ResponseCode.NO_PERMISSION, "no"
    cluster.down.clear()
    cluster.put("T", "b")
    clock.pump([1.0] * 15)
    assert got == [b"a"]
    cluster.refuse.clear()
    clock.pump([1.0] * 10)
    assert got == [b"a", b"b"]
    result_of(consumer.close())
    assert ended == [None]
    assert not clock.getDelayedCalls()


def test_what_had_no_time_left_in_the_line_is_not_handed_out(
    cluster: PopCluster, begin: Make, clock: Clock
) -> None:
    cluster.put("T", "a", "b")
    got: list[tuple[bytes, int]] = []
    consumer = begin(invisible_s=5)
    slow: Deferred[None] = Deferred()

    async def consume() -> None:
        async for message in consumer:
            got.append((message.body, message.reconsume_times))
            if len(got) == 1:
                await slow

    Deferred.fromCoroutine(consume())
    clock.advance(6)
    slow.callback(None)
    clock.advance(1)
    assert got == [(b"a", 0), (b"a", 1), (b"b", 1)]


def test_a_broker_that_was_away_is_waited_for(
    cluster: PopCluster, begin: Make, clock: Clock
) -> None:
    consumer = begin()
    address = cluster.addresses["broker-0"]
    cluster.down.add(address)
    cluster.put("T", "a")
    received = held(consumer.receive(await_s=20))
    clock.pump([1.0] * 5)
    assert received == []
    cluster.down.clear()
    clock.pump([1.0] * 2)
    [message] = received[0]
    cluster.down.add(address)
    acked = held(consumer.ack(message))
    clock.pump([0.1, 0.1])
    cluster.down.clear()
    clock.pump([1.0, 1.0])
    assert (acked, cluster.acked) == ([None], [b"a"])


def test_errors_come_when_the_time_is_over(
    cluster: PopCluster, begin: Make, clock: Clock
) -> None:
    consumer = begin()
    cluster.down.add(cluster.addresses["broker-0"])
    received = held(consumer.receive(await_s=3))
    clock.pump([0.5] * 8)
    assert received[0].check(ConnectError)
    cluster.down.clear()
    cluster.refuse[POP] = ResponseCode.NO_PERMISSION, "no"
    with pytest.raises(RefusedError):
        result_of(consumer.receive(await_s=60))


def test_a_topic_that_is_not_there(cluster: PopCluster, clock: Clock) -> None:
    consumer = SimpleConsumer("G", {"new": "*"}, settings=cluster.settings())
    result_of(consumer.start())
    with pytest.raises(RouteNotFoundError):
        result_of(consumer.receive(await_s=0))
    received = held(consumer.receive(await_s=60))
    clock.advance(1)
    cluster.create("new", queues=1)
    cluster.put("new", "a")
    clock.pump([1.0] * 6)
    assert bodies(received[0]) == [b"a"]


def test_acking_together_tells_what_failed(
    cluster: PopCluster, begin: Make, clock: Clock
) -> None:
    cluster.put("T", "a")
    consumer = begin()
    [late] = result_of(consumer.receive(invisible_s=5))
    clock.advance(6)
    cluster.put("T", "b")
    others = result_of(consumer.receive())
    failed = held(consumer.ack_all([late, *others]))
    clock.advance(0)
    error = failed[0].value
    assert isinstance(error, AckFailedError)
    [(message, cause)] = error.failures
    assert message is late
    assert isinstance(cause, ReceiptHandleExpiredError)
    assert sorted(cluster.acked) == [b"a", b"b"]


def test_what_a_broker_refuses_fails_all_that_went_with_it(
    cluster: PopCluster, begin: Make, clock: Clock
) -> None:
    cluster.put("T", "a", "b")
    consumer = begin()
    messages = result_of(consumer.receive())
    cluster.refuse[RequestCode.BATCH_ACK_MESSAGE] = ResponseCode.NO_PERMISSION, "no"
    failed = held(consumer.ack_all(messages))
    clock.advance(0)
    causes = [cause for _, cause in failed[0].value.failures]
    assert len(causes) == 2
    assert all(isinstance(cause, RefusedError) for cause in causes)


def test_the_time_of_a_message_runs_by_the_clock_of_its_broker(
    cluster: PopCluster, begin: Make, clock: Clock
) -> None:
    cluster.ahead_ms = -3_600_000
    cluster.put("T", "a")
    consumer = begin()
    [message] = result_of(consumer.receive(invisible_s=10))
    clock.advance(9)
    acked = held(consumer.ack(message))
    clock.advance(0)
    assert acked == [None]


def test_only_what_was_popped_can_be_acked(cluster: PopCluster, begin: Make) -> None:
    from client_kit import received  # noqa: PLC0415

    consumer = begin()
    for call in (consumer.ack, consumer.nack, consumer.bury):
        with pytest.raises(NotPoppedError):
            result_of(call(received("x")))


@pytest.mark.parametrize(
    ("field", "call"),
    [
        ("max_messages", lambda consumer: consumer.receive(0)),
        ("max_messages", lambda consumer: consumer.receive(33)),
        ("invisible_s", lambda consumer: consumer.receive(invisible_s=0.5)),
        ("invisible_s", lambda consumer: consumer.receive(invisible_s=43_201)),
        ("await_s", lambda consumer: consumer.receive(await_s=-1)),
        ("invisible_s", lambda consumer: consumer.change_invisible(None, 0)),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_sent(
    cluster: PopCluster, begin: Make, field: str, call: Any
) -> None:
    consumer = begin()
    before = len(cluster.requests)
    with pytest.raises(ArgumentError) as caught:
        result_of(call(consumer))
    assert caught.value.field == field
    assert len(cluster.requests) == before


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("subscriptions", {"subscriptions": {}}),
        ("prefetch", {"prefetch": 0}),
        ("invisible_s", {"invisible_s": 0}),
        ("max_reconsume_times", {"max_reconsume_times": 0}),
    ],
)
def test_wrong_options(cluster: PopCluster, field: str, options: Any) -> None:
    wanted = options.pop("subscriptions", {"T": "*"})
    with pytest.raises(ArgumentError) as caught:
        SimpleConsumer("G", wanted, settings=cluster.settings(), **options)
    assert caught.value.field == field


def test_wrong_names(cluster: PopCluster) -> None:
    for group, topic in [("no group", "T"), ("G", "no topic")]:
        with pytest.raises(MessageIllegalError):
            SimpleConsumer(group, {topic: "*"}, settings=cluster.settings())


def test_only_a_running_one_can_be_asked(cluster: PopCluster) -> None:
    consumer = SimpleConsumer("G", {"T": "*"}, settings=cluster.settings())
    with pytest.raises(NotRunningError):
        result_of(consumer.receive())
    with pytest.raises(NotRunningError):
        aiter(consumer)


def test_closing_ends_what_waits(
    cluster: PopCluster, begin: Make, clock: Clock
) -> None:
    consumer = begin()
    received = held(consumer.receive(await_s=60))
    result_of(consumer.close())
    assert received == [[]]
    assert cluster.members["G"] == {}
    assert not clock.getDelayedCalls()


def test_members_pop_where_brokers_send_them(
    cluster: PopCluster, begin: Make, clock: Clock
) -> None:
    cluster.put("T", "a")
    cluster.put("T", "b", queue_id=1)
    consumer = begin(assigned=True)
    assert result_of(consumer.receive(await_s=0)) == []
    cluster.assigned[consumer.client_id] = [MessageQueue("T", "broker-0", 1)]
    clock.advance(1)  # the broker did not know this member at first
    assert bodies(result_of(consumer.receive(await_s=0))) == [b"b"]
    cluster.assigned[consumer.client_id] = [MessageQueue("T", "broker-0", -1)]
    handlers = consumer._session.handlers
    handlers[RequestCode.NOTIFY_CONSUMER_IDS_CHANGED](None)  # type: ignore[arg-type]
    assert bodies(result_of(consumer.receive(await_s=0))) == [b"a"]
    result_of(consumer.close())
    assert not clock.getDelayedCalls()


def test_brokers_know_that_it_pops(cluster: PopCluster, begin: Make) -> None:
    begin()
    [beat] = cluster.members["G"].values()
    [consumer] = beat.consumer_data_set
    assert consumer.consume_type == "CONSUME_POP"
    assert consumer.consume_from_where == "CONSUME_FROM_FIRST_OFFSET"
