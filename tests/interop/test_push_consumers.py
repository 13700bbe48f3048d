"""Our push consumer, against the genuine broker and ours.

The tests mirror the scenarios of the peer kit for consumers, under their names.
"""

from collections import Counter
from typing import Any

import pytest
import pytest_twisted
from client_scenarios import Cluster, Inbox, Running, bodies, unique, until, wait

from twistedmq import Consumer, Message, ReceivedMessage, RetryLater, Sql
from twistedmq.client.errors import RouteNotFoundError
from twistedmq.client.selection import ByFunction
from twistedmq.client.session import Session
from twistedmq.filter.interfaces import ExpressionError


@pytest_twisted.ensureDeferred
async def test_consume_in_batches(cluster: Cluster, running: Running) -> None:
    topic, inbox, sizes = await cluster.topic(1), Inbox(), []
    wanted = bodies("n", 96)

    def handle(lot: list[ReceivedMessage]) -> None:
        sizes.append(len(lot))
        for message in lot:
            inbox(message)

    async with cluster.producer() as producer:
        await cluster.send(producer, topic, "A", wanted)
    consumer = cluster.consumer(unique("C"), topic)
    consumer.run_batches(handle, size=16)
    await inbox.exactly(wanted)
    assert max(sizes) == 16
    await consumer.close()


async def send_in_order(cluster: Cluster, topic: str, queues: int, each: int) -> None:
    async with cluster.producer() as producer:
        for number in range(each):
            for queue_id in range(queues):
                chosen = ByFunction(lambda _, found, n=queue_id: found[n])
                body = f"{queue_id}:{number}".encode()
                await producer.send(Message(topic, body), selection=chosen)


def in_order(got: list[ReceivedMessage], queues: int, each: int) -> None:
    following = [0] * queues
    for message in got:
        queue_id, number = map(int, message.body.decode().split(":"))
        assert message.queue.queue_id == queue_id
        assert number == following[queue_id]
        following[queue_id] += 1
    assert following == [each] * queues


@pytest_twisted.ensureDeferred
async def test_consume_orderly(cluster: Cluster, running: Running) -> None:
    topic, inbox = await cluster.topic(4), Inbox()
    await send_in_order(cluster, topic, 4, 50)
    running.run(cluster.consumer(unique("C"), topic, orderly=True), inbox)
    await until("200 messages", lambda: len(inbox.got) >= 200, 30)
    await wait(0.4)
    in_order(inbox.got, 4, 50)


@pytest_twisted.ensureDeferred
async def test_consume_orderly_suspend(cluster: Cluster, running: Running) -> None:
    topic, inbox, refusals = await cluster.topic(2), Inbox(), []
    await send_in_order(cluster, topic, 2, 20)

    def handle(message: ReceivedMessage) -> None:
        if message.body.endswith(b":7") and message.reconsume_times < 2:
            refusals.append(message.body)
            raise RetryLater
        inbox(message)

    consumer = cluster.consumer(unique("C"), topic, orderly=True, suspend_s=0.2)
    running.run(consumer, handle)
    await until("40 messages", lambda: len(inbox.got) >= 40, 30)
    await wait(0.4)
    in_order(inbox.got, 2, 20)
    assert len(refusals) == 4


@pytest_twisted.ensureDeferred
async def test_consume_sql92(cluster: Cluster, running: Running) -> None:
    topic = await cluster.topic(2)
    numbers = "n BETWEEN 10 AND 19 AND region IN ('eu', 'us')"
    nulls = "odd IS NOT NULL AND NOT (n > 30)"
    tags = "TAGS = 'hot' OR n = 3.0"
    wanted: dict[str, list[bytes]] = {numbers: [], nulls: [], tags: []}
    async with cluster.producer() as producer:
        for n in range(60):
            region, odd = ("eu", "us", "cn")[n % 3], n % 2 == 1
            properties = {"n": str(n), "region": region}
            if odd:
                properties["odd"] = "true"
            body, tag = f"q{n}".encode(), "hot" if n % 10 == 0 else "cold"
            await producer.send(Message(topic, body, tag=tag, properties=properties))
            if 10 <= n <= 19 and region != "cn":
                wanted[numbers].append(body)
            if odd and n <= 30:
                wanted[nulls].append(body)
            if n % 10 == 0 or n == 3:
                wanted[tags].append(body)
    inboxes = {condition: Inbox() for condition in wanted}
    for condition, inbox in inboxes.items():
        running.run(cluster.consumer(unique("C"), topic, Sql(condition)), inbox)
    for condition, inbox in inboxes.items():
        await inbox.exactly(wanted[condition])
    with pytest.raises(ExpressionError, match="line 1, column 4"):
        Sql("n >> 'x")


async def dead_letters(cluster: Cluster, group: str) -> list[ReceivedMessage]:
    """Give the one dead letter of a group, as soon as its topic has a route."""
    topic = f"%DLQ%{group}"

    session = Session(cluster.fast)
    await session.start()

    async def routed() -> bool:
        try:
            return bool(await session.routes.refresh(topic))
        except RouteNotFoundError:
            return False

    await until("a topic of dead letters", routed, 40)
    await session.close(None)
    return await cluster.drain(topic, 1)


@pytest_twisted.ensureDeferred
async def test_consume_retry_then_dlq(cluster: Cluster, running: Running) -> None:
    topic, group, inbox = await cluster.topic(1), unique("C"), Inbox()

    def handle(message: ReceivedMessage) -> None:
        inbox(message)
        if message.body == b"bad":
            raise RetryLater(1)

    async with cluster.producer() as producer:
        await cluster.send(producer, topic, "A", [b"good", b"bad"])
    running.run(cluster.consumer(group, topic, max_reconsume_times=2), handle)
    await inbox.exactly([b"good", b"bad", b"bad", b"bad"], 40)
    bad = [message for message in inbox.got if message.body == b"bad"]
    assert [message.reconsume_times for message in bad] == [0, 1, 2]
    assert {message.topic for message in bad} == {topic}
    [dead] = await dead_letters(cluster, group)
    assert dead.body == b"bad"
    assert dead.system_properties["RETRY_TOPIC"] == topic
    assert dead.system_properties["ORIGIN_MESSAGE_ID"]


@pytest_twisted.ensureDeferred
async def test_consume_orderly_then_dlq(cluster: Cluster, running: Running) -> None:
    """What fails too often makes way for those behind it."""
    topic, group, inbox = await cluster.topic(1), unique("C"), Inbox()

    def handle(message: ReceivedMessage) -> None:
        inbox(message)
        if message.body == b"bad":
            raise RetryLater(suspend_s=0.05)

    async with cluster.producer() as producer:
        await cluster.send(producer, topic, "A", [b"bad", b"good"])
    options: dict[str, Any] = {"orderly": True, "max_reconsume_times": 2}
    running.run(cluster.consumer(group, topic, **options), handle)
    await until("the good one", lambda: b"good" in inbox.bodies)
    assert inbox.bodies == [b"bad", b"bad", b"bad", b"good"]
    assert [message.reconsume_times for message in inbox.got] == [0, 1, 2, 0]
    [dead] = await dead_letters(cluster, group)
    assert dead.body == b"bad"
    assert dead.topic == topic or dead.system_properties["RETRY_TOPIC"] == topic


@pytest_twisted.ensureDeferred
async def test_consume_another_topic_while_running(
    cluster: Cluster, running: Running
) -> None:
    first, second, inbox = await cluster.topic(1), await cluster.topic(1), Inbox()
    consumer: Consumer = running.run(cluster.consumer(unique("C"), first), inbox)
    async with cluster.producer() as producer:
        await cluster.send(producer, first, "A", [b"one"])
        await inbox.exactly([b"one"])
        await consumer.subscribe(second, "B")
        await cluster.send(producer, second, "A", [b"no"])
        await cluster.send(producer, second, "B", [b"two"])
        await inbox.exactly([b"one", b"two"])
        await consumer.unsubscribe(first)
        await cluster.send(producer, first, "A", [b"three"])
        await wait(0.5)
    assert Counter(inbox.bodies) == Counter([b"one", b"two"])
