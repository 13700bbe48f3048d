"""The consumers that ask by themselves, on real servers, while these come and go."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from twistedmq import (
    LitePullConsumer,
    Message,
    PullConsumer,
    PullStatus,
    ReceivedMessage,
    SimpleConsumer,
    StartFrom,
)
from twistedmq.remoting.errors import RemotingError
from twistedmq.testing import Cluster


def bodies(messages: list[ReceivedMessage]) -> list[bytes]:
    return [message.body for message in messages]


def wanted(first: int, end: int) -> list[bytes]:
    return [b"%d" % n for n in range(first, end)]


async def send(producer: Any, first: int, end: int) -> None:
    for body in wanted(first, end):
        await producer.send(Message("T", body))


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster(store="file") as made:
        yield made


def test_pulls_go_on_where_a_broker_is_back(cluster: Cluster) -> None:
    async def scenario() -> None:
        async with (
            cluster.producer() as producer,
            cluster.make(PullConsumer, "G") as consumer,
        ):
            await producer.send(Message("T", b"0"))
            route = await consumer.queues("T")
            counted = {queue: await consumer.max_offset(queue) for queue in route}
            [queue] = [queue for queue, count in counted.items() if count]
            waiting: Deferred[Any] = consumer.pull(queue, 1, wait_s=20)
            cluster.broker.kill()
            with pytest.raises(RemotingError):
                await waiting
            with pytest.raises(RemotingError):
                await consumer.pull(queue, 0)
            await cluster.broker.start()
            await cluster.sleep(1)
            batch = await consumer.pull(queue, 0)
            assert batch.status is PullStatus.FOUND
            assert bodies(list(batch.messages)) == [b"0"]

    cluster.run(scenario())


def test_polls_go_on_where_a_broker_is_back(cluster: Cluster) -> None:
    got: list[bytes] = []

    async def poll(consumer: LitePullConsumer, count: int) -> None:
        while len(set(got)) < count:
            got.extend(bodies(await consumer.poll(timeout_s=1)))

    async def scenario() -> None:
        async with (
            cluster.producer() as producer,
            cluster.make(
                LitePullConsumer, "G", {"T": "*"}, start_from=StartFrom.FIRST
            ) as consumer,
        ):
            await send(producer, 0, 20)
            await poll(consumer, 20)
            await consumer.commit()
            await cluster.broker.restart()
            await send(producer, 20, 40)
            await poll(consumer, 40)
            cluster.faults.disconnect()
            await send(producer, 40, 60)
            await poll(consumer, 60)

    cluster.run(scenario())
    assert Counter(got) == Counter(wanted(0, 60))

    async def again() -> list[ReceivedMessage]:
        async with cluster.make(LitePullConsumer, "G", {"T": "*"}) as consumer:
            return await consumer.poll(timeout_s=3)

    assert cluster.run(again()) == []


def test_pops_and_acks_go_on_where_a_broker_is_back(cluster: Cluster) -> None:
    got: list[bytes] = []

    async def consume(consumer: SimpleConsumer) -> None:
        async for message in consumer:
            got.append(message.body)  # noqa: PERF401 - seen as they come

    async def seen(count: int) -> None:
        while len(set(got)) < count:
            await cluster.sleep(0.1)

    async def scenario() -> None:
        async with (
            cluster.producer() as producer,
            cluster.make(
                SimpleConsumer, "G", {"T": "*"}, start_from=StartFrom.FIRST
            ) as consumer,
        ):
            consuming = Deferred.fromCoroutine(consume(consumer))
            await send(producer, 0, 20)
            await seen(20)
            await cluster.broker.restart()
            await send(producer, 20, 40)
            await seen(40)
            cluster.broker.kill()
            await cluster.broker.start()
            await send(producer, 40, 60)
            await seen(60)
            await consumer.close()
            await consuming

    cluster.run(scenario())
    # what was out while the broker was killed may come twice, and nothing else
    assert set(got) == set(wanted(0, 60))
    assert max(Counter(got).values()) <= 2
    assert len(got) < 60 + 32

    async def again() -> list[ReceivedMessage]:
        async with cluster.make(SimpleConsumer, "G", {"T": "*"}) as consumer:
            await cluster.sleep(90)
            return await consumer.receive(await_s=5)

    left = cluster.run(again())
    assert set(bodies(left)) <= set(wanted(20, 60))


def test_a_pop_waits_at_all_brokers() -> None:
    with Cluster(brokers=3) as cluster:

        async def scenario() -> list[bytes]:
            got: list[bytes] = []
            async with (
                cluster.producer() as producer,
                cluster.admin() as admin,
                cluster.make(
                    SimpleConsumer, "G", {"T": "*"}, start_from=StartFrom.FIRST
                ) as consumer,
            ):
                await admin.topics.create("T", queues=2)
                for n in range(9):
                    receiving = consumer.receive(await_s=60)
                    await cluster.sleep(1)
                    await producer.send(Message("T", b"%d" % n))
                    messages = await receiving
                    got += bodies(messages)
                    await consumer.ack_all(messages)
            return got

        assert cluster.run(scenario()) == wanted(0, 9)


def test_a_connection_that_died_in_silence_is_found_out(cluster: Cluster) -> None:
    async def scenario() -> list[bytes]:
        consumer = SimpleConsumer(
            "G",
            {"T": "*"},
            start_from=StartFrom.FIRST,
            settings=cluster.settings("popper"),
        )
        async with cluster.producer() as producer, consumer:
            await send(producer, 0, 1)
            await consumer.ack_all(await consumer.receive())
            receiving = consumer.receive(invisible_s=5, await_s=300)
            await cluster.sleep(1)
            cluster.faults.half_open(client="popper")
            await send(producer, 1, 2)
            return bodies(await receiving)

    assert cluster.run(scenario(), limit_s=120) == wanted(1, 2)
