from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from client_kit import (
    FakeCluster,
    FakePool,
    StoppableClock,
    held,
    received,
    result_of,
)
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.client.consumer import Consumer
from twistedmq.client.consuming import RetryLater
from twistedmq.client.errors import (
    NoNameServerError,
    NotRunningError,
    SubscriptionRefusedError,
)
from twistedmq.client.message import Message, ReceivedMessage
from twistedmq.client.producer import Producer
from twistedmq.client.starting import StartFrom
from twistedmq.client.subscription import Sql
from twistedmq.filter.interfaces import ExpressionError
from twistedmq.protocol.bodies.clients import MessageModel
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.names import retry_topic

RETRY = retry_topic("G")
Make = Callable[..., Consumer]


@pytest.fixture
def make(cluster: FakeCluster) -> Make:
    cluster.create("T", queues=4)

    def consumer(expression: str = "*", **options: Any) -> Consumer:
        settings = cluster.settings(**options.pop("changes", {}))
        usual = {"settings": settings, "start_from": StartFrom.FIRST}
        return Consumer("G", {"T": expression}, **usual | options)

    return consumer


def committed(cluster: FakeCluster, topic: str = "T") -> dict[int, int]:
    return {
        queue.queue_id: offset
        for (_, queue), offset in cluster.committed.items()
        if queue.topic == topic and offset
    }


def queue_ids(consumer: Consumer) -> list[int]:
    return [queue.queue_id for queue in consumer.queues if queue.topic == "T"]


def test_a_lone_member_has_all_queues_and_the_retry_queue(make: Make) -> None:
    consumer = result_of(make().start())
    assert queue_ids(consumer) == [0, 1, 2, 3]
    assert MessageQueue(RETRY, "broker-0", 0) in consumer.queues


def test_iterating_acks_the_one_before(
    cluster: FakeCluster, make: Make, clock: Clock
) -> None:
    cluster.put("T", "a", "b", "c")
    got: list[bytes] = []

    async def consume() -> None:
        async with make() as consumer:
            async for message in consumer:
                got.append(message.body)  # noqa: PERF401 - seen as they come

    consuming = Deferred.fromCoroutine(consume())
    ended = held(consuming)
    assert got == [b"a", b"b", b"c"]
    clock.advance(5)
    assert committed(cluster) == {0: 3}
    consuming.cancel()
    assert ended[0].type.__name__ == "CancelledError"
    assert not clock.getDelayedCalls()


def test_a_clean_exit_acks_the_last_one(
    cluster: FakeCluster, make: Make, clock: Clock
) -> None:
    cluster.put("T", "a", "b", "c")

    async def consume() -> None:
        async with make() as consumer:
            async for message in consumer:
                if message.body == b"b":
                    break

    result_of(Deferred.fromCoroutine(consume()))
    assert committed(cluster) == {0: 2}
    assert cluster.members["G"] == {}
    assert cluster.closed == 1


def test_an_exception_does_not_ack(cluster: FakeCluster, make: Make) -> None:
    cluster.put("T", "a", "b")

    async def consume() -> None:
        async with make() as consumer:
            async for message in consumer:
                if message.body == b"b":
                    raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        result_of(Deferred.fromCoroutine(consume()))
    assert committed(cluster) == {0: 1}


def test_closing_ends_an_iteration(make: Make) -> None:
    consumer = result_of(make().start())

    async def consume() -> str:
        async for _ in consumer:
            pass
        return "ended"

    consuming = held(Deferred.fromCoroutine(consume()))
    result_of(consumer.close())
    assert consuming == ["ended"]
    assert result_of(consumer.close()) is None


def test_only_a_running_consumer_can_be_iterated(make: Make) -> None:
    with pytest.raises(NotRunningError):
        aiter(make())


def test_running_calls_a_function_and_commits(
    cluster: FakeCluster, make: Make, clock: Clock
) -> None:
    got: list[bytes] = []
    consumer = make()
    run = held(consumer.run(lambda message: got.append(message.body)))
    cluster.put("T", "a")
    cluster.put("T", "b", queue_id=1)
    clock.advance(5)
    assert got == [b"a", b"b"]
    assert committed(cluster) == {0: 1, 1: 1}
    assert not run
    result_of(consumer.close())
    assert run == [None]
    assert not clock.getDelayedCalls()


def test_cancelling_a_run_closes(cluster: FakeCluster, make: Make) -> None:
    run = make().run(lambda message: None)
    ended = held(run)
    run.cancel()
    assert ended[0].type.__name__ == "CancelledError"
    assert cluster.closed == 1


def test_a_message_that_fails_comes_again(
    cluster: FakeCluster, make: Make, clock: Clock
) -> None:
    got: list[ReceivedMessage] = []

    def handle(message: ReceivedMessage) -> None:
        got.append(message)
        if message.reconsume_times == 0:
            raise RetryLater(2)

    consumer = make(max_reconsume_times=5)
    consumer.run(handle)
    cluster.put("T", "a", UNIQ_KEY="ID")
    [header] = cluster.given_back
    assert (header.delay_level, header.max_reconsume_times) == (2, 5)
    assert (header.group, header.origin_msg_id) == ("G", "ID")
    clock.advance(10)
    assert [(m.topic, m.reconsume_times) for m in got] == [("T", 0), ("T", 1)]
    clock.advance(5)
    assert committed(cluster) == {0: 1}
    assert committed(cluster, RETRY) == {0: 1}


def test_a_member_who_joins_gets_half(cluster: FakeCluster, make: Make) -> None:
    one = result_of(make(changes={"instance_name": "1"}).start())
    two = result_of(make(changes={"instance_name": "2"}).start())
    assert queue_ids(two) == [2, 3]
    _notify(one)
    assert queue_ids(one) == [0, 1]
    result_of(two.close())
    _notify(one)
    assert queue_ids(one) == [0, 1, 2, 3]


def _notify(consumer: Consumer) -> None:
    handlers = consumer._session.handlers
    handlers[RequestCode.NOTIFY_CONSUMER_IDS_CHANGED](None)  # type: ignore[arg-type]


def test_a_queue_is_committed_before_it_is_handed_over(
    cluster: FakeCluster, make: Make
) -> None:
    one = make(changes={"instance_name": "1"})
    one.run(lambda message: None)
    cluster.put("T", "a", "b", queue_id=3)
    result_of(make(changes={"instance_name": "2"}).start())
    cluster.requests.clear()
    _notify(one)
    codes = cluster.codes()
    assert RequestCode.UPDATE_CONSUMER_OFFSET in codes
    assert RequestCode.PULL_MESSAGE not in codes
    assert committed(cluster) == {3: 2}


def test_new_queues_are_taken_up(
    cluster: FakeCluster, make: Make, clock: Clock
) -> None:
    consumer = result_of(make().start())
    cluster.create("T", queues=6)
    clock.advance(30)
    assert queue_ids(consumer) == [0, 1, 2, 3, 4, 5]


def test_a_topic_may_come_later(cluster: FakeCluster, clock: Clock) -> None:
    consumer = Consumer("G", {"LATE": "*"}, settings=cluster.settings())
    got: list[bytes] = []
    consumer.run(lambda message: got.append(message.body))
    cluster.create("LATE", queues=1)
    clock.advance(5)
    clock.advance(5)
    cluster.put("LATE", "a")
    assert got == [b"a"]


def test_a_restarted_broker_learns_of_us_again(
    cluster: FakeCluster, make: Make, clock: Clock
) -> None:
    consumer = result_of(make().start())
    cluster.members.clear()
    clock.advance(20)  # a rebalance finds us missing
    assert list(cluster.members["G"]) == [consumer.client_id]
    assert queue_ids(consumer) == [0, 1, 2, 3]


def test_broadcasting_members_have_all_queues_and_a_file(
    cluster: FakeCluster, make: Make, tmp_path: Path
) -> None:
    options = {"model": MessageModel.BROADCASTING}
    got: list[tuple[int, bytes]] = []
    consumers = []
    for n in range(2):
        consumer = make(offsets_directory=tmp_path / str(n), **options)
        consumer.run(lambda message, n=n: got.append((n, message.body)))
        consumers.append(consumer)
    cluster.put("T", "a")
    assert sorted(got) == [(0, b"a"), (1, b"a")]
    for consumer in consumers:
        result_of(consumer.close())
    assert not cluster.committed
    again = make(offsets_directory=tmp_path / "0", **options)
    again.run(lambda message: got.append((9, message.body)))
    cluster.put("T", "b")
    assert got[2:] == [(9, b"b")]


def test_broadcasting_does_not_retry(
    cluster: FakeCluster, make: Make, tmp_path: Path
) -> None:
    def handle(message: ReceivedMessage) -> None:
        raise ValueError("no")

    consumer = make(model=MessageModel.BROADCASTING, offsets_directory=tmp_path)
    consumer.run(handle)
    cluster.put("T", "a")
    result_of(consumer.close())
    assert not cluster.given_back


def test_messages_can_be_acked_one_by_one(cluster: FakeCluster, make: Make) -> None:
    consumer = result_of(make().start())
    cluster.put("T", "a", "b")

    async def take() -> list[ReceivedMessage]:
        iteration = aiter(consumer)
        first = await anext(iteration)
        return [first, await anext(iteration)]

    _, second = result_of(Deferred.fromCoroutine(take()))
    assert consumer.ack(second)
    assert not consumer.ack(second)
    result_of(consumer.close())
    assert committed(cluster) == {0: 2}


def test_a_message_can_be_put_off(
    cluster: FakeCluster, make: Make, clock: Clock
) -> None:
    consumer = result_of(make().start())
    cluster.put("T", "a")

    async def put_off() -> bool:
        message = await anext(aiter(consumer))
        return await consumer.retry_later(message, 3)

    assert result_of(Deferred.fromCoroutine(put_off())) is True
    assert cluster.given_back[0].delay_level == 3


def test_closing_does_not_wait_for_ever(
    cluster: FakeCluster, make: Make, clock: Clock
) -> None:
    consumer = make(close_timeout_s=30.0)
    consumer.run(lambda message: Deferred())
    cluster.put("T", "a")
    closed = held(consumer.close())
    assert not closed
    clock.advance(30)
    assert closed == [None]
    assert committed(cluster) == {}


def test_without_name_servers_there_is_no_start(
    cluster: FakeCluster, make: Make, clock: Clock
) -> None:
    cluster.down.add("192.0.2.1:9876")
    consumer = make()
    with pytest.raises(NoNameServerError):
        result_of(consumer.start())
    assert not clock.getDelayedCalls()
    assert cluster.closed == 1


def test_brokers_that_refuse_are_asked_again(
    cluster: FakeCluster, make: Make, clock: Clock
) -> None:
    cluster.refuse[RequestCode.QUERY_CONSUMER_OFFSET] = ResponseCode.SYSTEM_BUSY, "no"
    consumer = result_of(make().start())
    assert queue_ids(consumer) == []
    cluster.refuse.clear()
    clock.advance(1)
    assert queue_ids(consumer) == [0, 1, 2, 3]


@pytest.mark.parametrize(("group", "topic"), [("bad group", "T"), ("G", "bad topic")])
def test_names_are_checked(group: str, topic: str) -> None:
    with pytest.raises(MessageIllegalError):
        Consumer(group, {topic: "*"}, reactor=Clock())


def test_directly_consumed_messages_need_a_function(make: Make) -> None:
    consumer = make()
    with pytest.raises(Exception, match="no function"):
        consumer._consumption.directly(received())


def test_the_pool_of_a_test_is_the_pool(cluster: FakeCluster, make: Make) -> None:
    assert isinstance(make()._session.pool, FakePool)


def test_a_shutdown_ends_the_loop_and_commits(cluster: FakeCluster, make: Make) -> None:
    reactor = cluster.clock = StoppableClock()
    charged: Deferred[None] = Deferred()
    cluster.put("T", "a", "b")

    async def consume() -> str:
        producer = Producer("P", settings=cluster.settings())
        async with make() as consumer, producer:
            async for message in consumer:
                await charged
                await producer.send(Message("CHARGED", message.body))
        return "ended"

    consuming = held(Deferred.fromCoroutine(consume()))
    down = reactor.shut_down()
    assert (consuming, down) == ([], [])
    charged.callback(None)
    assert consuming == ["ended"]
    reactor.pump([0, 0])
    assert down
    assert committed(cluster) == {0: 1}
    assert cluster.bodies("CHARGED") == [b"a"]
    assert cluster.members["G"] == {}
    assert not reactor.getDelayedCalls()


def test_a_shutdown_does_not_wait_for_ever(cluster: FakeCluster, make: Make) -> None:
    reactor = cluster.clock = StoppableClock()
    cluster.put("T", "a")
    never: Deferred[None] = Deferred()

    async def consume() -> None:
        async with make(close_timeout_s=7.0) as consumer:
            async for _ in consumer:
                await never

    consuming = held(Deferred.fromCoroutine(consume()))
    down = reactor.shut_down()
    reactor.advance(6.9)
    assert cluster.closed == 0
    reactor.advance(0.1)
    reactor.pump([0, 0])
    assert cluster.closed == 1
    assert down
    assert consuming == []
    assert committed(cluster) == {}


def test_a_shutdown_ends_a_run(cluster: FakeCluster, make: Make) -> None:
    reactor = cluster.clock = StoppableClock()
    run = held(make().run(lambda message: None))
    cluster.put("T", "a")
    reactor.pump([0, 0])
    reactor.shut_down()
    assert run == [None]
    assert committed(cluster) == {0: 1}


def test_a_consumer_can_be_suspended(cluster: FakeCluster, make: Make) -> None:
    got: list[bytes] = []
    consumer = make()
    consumer.run(lambda message: got.append(message.body))
    consumer.suspend()
    cluster.put("T", "a")  # the pull that waits is answered yet
    cluster.put("T", "b")
    assert got == [b"a"]
    consumer.resume()
    assert got == [b"a", b"b"]


def test_a_topic_may_be_added_and_left(cluster: FakeCluster, make: Make) -> None:
    cluster.create("U", queues=1)
    got: list[bytes] = []
    consumer = make()
    consumer.run(lambda message: got.append(message.body))
    result_of(consumer.subscribe("U", "x || y"))
    cluster.put("U", "a", tag="x")
    cluster.put("U", "b", tag="z")
    assert got == [b"a"]
    result_of(consumer.unsubscribe("U"))
    result_of(consumer.unsubscribe("U"))
    cluster.put("U", "c", tag="x")
    assert got == [b"a"]
    assert {queue.topic for queue in consumer.queues} == {"T", RETRY}
    assert cluster.committed["G", MessageQueue("U", "broker-0", 0)] == 2
    [beat] = cluster.members["G"].values()
    told = beat.consumer_data_set[0].subscription_data_set
    assert {each.topic for each in told} == {"T", RETRY}


def test_a_subscription_may_change(cluster: FakeCluster, make: Make) -> None:
    got: list[bytes] = []
    consumer = make("x")
    consumer.run(lambda message: got.append(message.body))
    versions = _sub_version(cluster)
    result_of(consumer.subscribe("T", "y"))
    cluster.put("T", "a", tag="x")
    cluster.put("T", "b", tag="y")
    assert got == [b"b"]
    assert _sub_version(cluster) > versions


def _sub_version(cluster: FakeCluster) -> int:
    [beat] = cluster.members["G"].values()
    told = beat.consumer_data_set[0].subscription_data_set
    return next(each.sub_version for each in told if each.topic == "T")


def test_a_topic_with_a_wrong_name_is_not_added(make: Make) -> None:
    consumer = make()
    with pytest.raises(NotRunningError):
        consumer.subscribe("U")
    with pytest.raises(MessageIllegalError):
        consumer.subscribe("bad topic")


def test_a_condition_is_shown_to_the_brokers(cluster: FakeCluster, make: Make) -> None:
    cluster.refuse[RequestCode.CHECK_CLIENT_CONFIG] = (
        ResponseCode.SYSTEM_ERROR,
        "no filters here",
    )
    with pytest.raises(SubscriptionRefusedError, match="no filters here") as caught:
        result_of(make(Sql("a > 1")).start())
    assert (caught.value.topic, caught.value.expression) == ("T", "a > 1")
    assert cluster.closed == 1
    result_of(make("x").start())


def test_a_condition_is_relied_on_where_it_cannot_be_shown(
    cluster: FakeCluster, make: Make
) -> None:
    cluster.down.add(cluster.addresses["broker-0"])
    assert result_of(make(Sql("a > 1")).start())


def test_a_wrong_condition_says_where(make: Make) -> None:
    with pytest.raises(ExpressionError, match="line 1, column 4"):
        make(Sql("a >> 1"))
