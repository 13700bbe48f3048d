"""Every class of client at a cluster: what each is for, at once."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from twistedmq.client.errors import RouteNotFoundError
from twistedmq.client.lite_pull_consumer import LitePullConsumer
from twistedmq.client.message import Message
from twistedmq.client.pull_consumer import PullConsumer
from twistedmq.client.simple_consumer import SimpleConsumer
from twistedmq.client.starting import StartFrom
from twistedmq.client.transactions import Outcome
from twistedmq.testing.cluster import Cluster


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster(topics=["orders"]) as cluster:
        yield cluster


def consumed(cluster: Cluster, **options: Any) -> list[bytes]:
    """Give a list that is filled by a consumer that runs."""
    bodies: list[bytes] = []
    consumer = cluster.consumer("billing", {"orders": "*"}, **options)
    consumer.run(lambda message: bodies.append(message.body))
    cluster.advance(1)
    return bodies


def test_who_did_not_say_how_a_transaction_ended_is_asked(cluster: Cluster) -> None:
    asked: list[bytes] = []

    def check(message: Any) -> Outcome:
        asked.append(message.body)
        return Outcome.COMMIT

    bodies = consumed(cluster)
    producer = cluster.run(cluster.producer("shop", check=check).start())
    half = Message("orders", b"book")
    cluster.run(producer.send_in_transaction(half, lambda _: Outcome.UNKNOWN))
    cluster.advance(5)
    assert (asked, bodies) == ([], [])
    cluster.advance(timedelta(minutes=2))
    assert (asked, bodies) == ([b"book"], [b"book"])


def test_an_end_that_was_lost_is_asked_for(cluster: Cluster) -> None:
    bodies = consumed(cluster)
    producer = cluster.run(
        cluster.producer("shop", check=lambda _: Outcome.ROLLBACK).start()
    )
    with cluster.faults.drop_requests("end_transaction") as fault:
        half = Message("orders", b"book")
        cluster.run(producer.send_in_transaction(half, lambda _: Outcome.ROLLBACK))
        cluster.advance(timedelta(minutes=2))
        assert fault.hits >= 1
    cluster.advance(timedelta(minutes=2))
    assert bodies == []


def test_in_order_what_fails_keeps_the_others_waiting(cluster: Cluster) -> None:
    came: list[bytes] = []

    def consume(message: Any) -> None:
        came.append(message.body)
        if came.count(b"1") < 3:
            raise ValueError("not yet")

    cluster.consumer("billing", {"orders": "*"}, orderly=True).run(consume)
    producer = cluster.run(cluster.producer("shop").start())
    for text in (b"1", b"2", b"3"):
        cluster.run(producer.send(Message("orders", text, sharding_key="customer")))
    cluster.advance(30)
    assert came == [b"1", b"1", b"1", b"2", b"3"]


def test_days_are_over_when_the_clock_is_set(cluster: Cluster) -> None:
    bodies = consumed(cluster)
    producer = cluster.run(cluster.producer("shop").start())
    cluster.run(producer.send(Message("orders", b"x", delay_s=2.5 * 86400)))
    cluster.clock.jump(timedelta(days=2))
    cluster.advance(20)
    assert bodies == []
    cluster.clock.jump(timedelta(days=0.5))
    cluster.advance(20)
    assert bodies == [b"x"]


def test_what_waits_is_called_back() -> None:
    with Cluster(settings={"recallMessageEnable": "true"}) as cluster:
        producer = cluster.run(cluster.producer("shop").start())
        receipt = cluster.run(producer.send(Message("orders", b"x", delay_s=60)))
        cluster.advance(5)
        assert receipt.recall_handle
        cluster.run(producer.recall("orders", receipt.recall_handle))
        cluster.advance(120)
        assert cluster.run(cluster.stored("orders")) == []


def test_a_request_is_replied_to(cluster: Cluster) -> None:
    producer = cluster.run(cluster.producer("shop").start())
    cluster.consumer("bank", {"orders": "*"}).run(
        lambda request: producer.reply(request, b"paid")
    )
    cluster.advance(1)
    reply = cluster.run(producer.request(Message("orders", b"book")))
    assert reply.body == b"paid"


def test_queues_are_pulled_by_hand(cluster: Cluster) -> None:
    async def pull() -> list[bytes]:
        async with cluster.producer("shop") as producer:
            await producer.send(Message("orders", b"book"))
        bodies = []
        async with cluster.make(PullConsumer, "audit") as consumer:
            for queue in await consumer.queues("orders"):
                batch = await consumer.pull(queue, 0)
                bodies += [message.body for message in batch.messages]
                await consumer.commit(queue, batch.next_offset)
        return bodies

    assert cluster.run(pull()) == [b"book"]


def test_members_share_the_queues_and_take_over(cluster: Cluster) -> None:
    members = [cluster.consumer("billing", {"orders": "*"}) for _ in range(2)]
    for member in members:
        cluster.run(member.start())
    cluster.advance(30)

    def shares() -> list[int]:
        return [
            sum(queue.topic == "orders" for queue in member.queues)
            for member in members
        ]

    assert shares() == [2, 2]
    cluster.run(members[0].close())
    cluster.advance(30)
    assert shares()[1] == 4


def test_what_a_broker_refuses_is_told() -> None:
    with Cluster(topics=["orders"], settings={"brokerPermission": "4"}) as cluster:
        producer = cluster.run(cluster.producer("shop", retries=0).start())
        with pytest.raises(RouteNotFoundError, match="for writing"):
            cluster.run(producer.send(Message("orders", b"x")))


def test_what_was_lent_and_not_acknowledged_comes_again(cluster: Cluster) -> None:
    async def story() -> list[tuple[bytes, int]]:
        came: list[tuple[bytes, int]] = []
        async with cluster.make(SimpleConsumer, "billing", {"orders": "*"}) as consumer:
            await consumer.receive(await_s=1)
            async with cluster.producer("shop") as producer:
                await producer.send(Message("orders", b"book"))
            for _ in range(2):
                [message] = await consumer.receive(invisible_s=30, await_s=60)
                came.append((message.body, message.reconsume_times))
                if len(came) == 2:
                    await consumer.ack(message)
            assert await consumer.receive(await_s=60) == []
        return came

    assert cluster.run(story()) == [(b"book", 0), (b"book", 1)]


def test_an_ack_that_was_lost_is_a_message_again(cluster: Cluster) -> None:
    async def story() -> int:
        consumer = cluster.make(SimpleConsumer, "billing", {"orders": "*"})
        async with consumer, cluster.producer("shop") as producer:
            await consumer.receive(await_s=1)
            await producer.send(Message("orders", b"book"))
            [message] = await consumer.receive(invisible_s=30, await_s=60)
            with cluster.faults.drop_requests("ack"), suppress(Exception):
                await consumer.ack(message)
            [again] = await consumer.receive(invisible_s=30, await_s=120)
            await consumer.ack(again)
        return again.reconsume_times

    assert cluster.run(story()) == 1


def test_who_polls_fetches_ahead(cluster: Cluster) -> None:
    async def story() -> list[bytes]:
        consumer = cluster.make(
            LitePullConsumer, "audit", {"orders": "*"}, start_from=StartFrom.FIRST
        )
        async with cluster.producer("shop") as producer, consumer:
            await producer.send(Message("orders", b"book"))
            found = await consumer.poll(timeout_s=60)
            return [message.body for message in found]

    assert cluster.run(story()) == [b"book"]
