"""Our consumers that ask by themselves, against the genuine broker and ours.

The tests mirror the pull, lite pull and pop scenarios of the peer kit, under their
names.
"""

from typing import Any

import pytest_twisted
from client_scenarios import Cluster, bodies, reactor, unique, wait
from twisted.internet.defer import Deferred

from twistedmq import Message, MessageQueue, PullConsumer, PullStatus, Sql


def texts(messages: Any) -> list[bytes]:
    return [message.body for message in messages]


async def filled(cluster: Cluster, queues: int, wanted: list[bytes]) -> str:
    """Give a new topic that holds these messages."""
    topic = await cluster.topic(queues)
    async with cluster.producer() as producer:
        await cluster.send(producer, topic, "A", wanted)
    await cluster.drain(topic, len(wanted))
    return topic


def puller(cluster: Cluster, group: str | None = None) -> PullConsumer:
    return PullConsumer(group or unique("C"), settings=cluster.fast)


@pytest_twisted.ensureDeferred
async def test_pull_consumer(cluster: Cluster) -> None:
    wanted, group = bodies("p", 50), unique("C")
    topic = await filled(cluster, 1, wanted)
    async with puller(cluster, group) as consumer:
        [queue] = await consumer.queues(topic)
        assert await consumer.min_offset(queue) == 0
        assert await consumer.max_offset(queue) == 50
        batch = await consumer.pull(queue, 10, 7)
        assert texts(batch.messages) == wanted[10:17]
        assert (batch.next_offset, batch.max_offset) == (17, 50)
        assert (await consumer.pull(queue, 50, 7)).status is PullStatus.NO_NEW
        far = await consumer.pull(queue, 5000, 7)
        assert (far.status, far.next_offset) == (PullStatus.OFFSET_ILLEGAL, 50)
        # a new group, the queue being young
        assert await consumer.committed(queue) == 0
        await consumer.commit(queue, 17)
        assert await consumer.committed(queue) == 17
        first = batch.messages[0]
        for message_id in (first.message_id, first.offset_message_id):
            seen = await consumer.view(topic, message_id)
            assert (seen.body, seen.queue_offset) == (wanted[10], 10)


@pytest_twisted.ensureDeferred
async def test_pull_filtered(cluster: Cluster) -> None:
    topic = await cluster.topic(1)
    async with cluster.producer() as producer:
        for n in range(40):
            message = Message(
                topic, b"f-%d" % n, tag=f"T{n % 4}", properties={"n": str(n)}
            )
            await producer.send(message)
    await cluster.drain(topic, 40)
    got: dict[str, list[bytes]] = {}
    for wanted in ("T1 || T2", Sql("n BETWEEN 10 AND 19 AND TAGS <> 'T0'")):
        found = got.setdefault(wanted, [])
        async with puller(cluster) as consumer:
            [queue] = await consumer.queues(topic)
            offset = 0
            while offset < 40:
                batch = await consumer.pull(queue, offset, 8, wanted)
                assert batch.next_offset > offset
                found += texts(batch.messages)
                offset = batch.next_offset
            nothing = await consumer.pull(queue, 0, expression="T9")
            assert nothing.status is PullStatus.NO_MATCH
    by_tag, by_condition = got.values()
    assert by_tag == [b"f-%d" % n for n in range(40) if n % 4 in {1, 2}]
    assert by_condition == [b"f-%d" % n for n in range(10, 20) if n % 4]


@pytest_twisted.ensureDeferred
async def test_pull_block_until_found(cluster: Cluster) -> None:
    topic = await filled(cluster, 1, [b"first"])
    async with puller(cluster) as consumer, cluster.producer() as producer:
        queue = MessageQueue(topic, (await consumer.queues(topic))[0].broker_name, 0)
        begun_s = reactor.seconds()
        pulling: Deferred[Any] = consumer.pull(queue, 1, wait_s=20)
        await wait(1)
        await cluster.send(producer, topic, "A", [b"second"])
        batch = await pulling
        assert texts(batch.messages) == [b"second"]
        assert 0.9 < reactor.seconds() - begun_s < 6
