"""A cluster as somebody uses it who tests a program."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

import pytest
from twisted.internet.defer import Deferred

from twistedmq.client.message import Message
from twistedmq.testing.cluster import Cluster, NotDoneError, client_host
from twistedmq.testing.cluster_servers import NoSuchServerError

MOST_STEPS = 120
"""Until a first message was sent and consumed; 15 ms on a slow machine."""


def test_a_message_goes_through_at_once() -> None:
    with Cluster() as cluster:

        async def through() -> bytes:
            async with cluster.producer("shop") as producer:
                await producer.send(Message("orders", b"hello", tag="new"))
            async with cluster.consumer("billing", {"orders": "new"}) as consumer:
                async for message in consumer:
                    return message.body
            return b""

        assert cluster.run(through()) == b"hello"
        assert cluster.clock.seconds() == 0
        assert cluster.clock.steps < MOST_STEPS


def test_brokers_share_a_topic() -> None:
    with Cluster(brokers=3) as cluster:

        async def used() -> set[str]:
            async with cluster.admin() as admin:
                await admin.topics.create("orders", queues=1)
            async with cluster.producer() as producer:
                receipts = [
                    await producer.send(Message("orders", b"x")) for _ in range(6)
                ]
            return {receipt.queue.broker_name for receipt in receipts}

        assert cluster.run(used()) == {"broker-a", "broker-b", "broker-c"}


def test_a_message_that_failed_comes_again_later() -> None:
    with Cluster() as cluster:
        came: list[tuple[int, float]] = []

        def fail(message: object) -> None:
            came.append((message.reconsume_times, cluster.clock.seconds()))  # type: ignore[attr-defined]
            if len(came) < 3:
                raise ValueError("not yet")

        cluster.consumer("billing", {"orders": "*"}).run(fail)
        producer = cluster.run(cluster.producer().start())
        cluster.run(producer.send(Message("orders", b"x")))
        cluster.advance(60)
        assert [times for times, _ in came] == [0, 1, 2]
        assert came[1][1] - came[0][1] >= 10
        assert came[2][1] - came[1][1] >= 30


def test_what_is_delayed_for_half_an_hour_is_there_after_half_an_hour() -> None:
    with Cluster() as cluster:
        came: list[datetime] = []
        cluster.consumer("billing", {"orders": "*"}).run(
            lambda message: came.append(cluster.clock.now())
        )
        producer = cluster.run(cluster.producer().start())
        begun = cluster.clock.now()
        cluster.run(producer.send(Message("orders", b"x", delay_level=16)))
        cluster.advance(timedelta(minutes=30, seconds=-2))
        assert came == []
        cluster.advance(timedelta(seconds=3))
        took = came[0] - begun
        assert timedelta(minutes=30) <= took < timedelta(minutes=30, seconds=1)


def test_who_sets_the_clock_ahead_has_what_was_delayed_at_once() -> None:
    with Cluster() as cluster:
        came: list[bytes] = []
        cluster.consumer("billing", {"orders": "*"}).run(
            lambda message: came.append(message.body)
        )
        producer = cluster.run(cluster.producer().start())
        cluster.run(producer.send(Message("orders", b"x", delay_level=18)))
        cluster.clock.jump(timedelta(hours=2))
        cluster.advance(60)  # until the broker looks at the time of day again
        assert came == [b"x"]


def test_sleeping_takes_no_time() -> None:
    with Cluster() as cluster:

        async def later() -> float:
            await cluster.sleep(timedelta(hours=1))
            return cluster.clock.seconds()

        assert cluster.run(later()) == 3600


def test_what_never_comes_is_told() -> None:
    with Cluster() as cluster:
        never: Deferred[None] = Deferred()
        with pytest.raises(NotDoneError, match="after 300 s of virtual time"):
            cluster.run(never)


def test_what_fails_raises() -> None:
    with Cluster() as cluster:

        async def fail() -> None:
            await cluster.sleep(1)
            raise ValueError("wrong")

        with pytest.raises(ValueError, match="wrong"):
            cluster.run(fail())


def test_the_same_seed_is_the_same_story() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)

    def story(seed: int) -> tuple[int, list[str]]:
        with Cluster(seed=seed, start=start) as cluster:
            producer = cluster.run(cluster.producer().start())
            sent = [
                cluster.run(producer.send(Message("orders", b"x"))) for _ in range(5)
            ]
            cluster.advance(30)
            return cluster.clock.steps, [str(receipt.queue) for receipt in sent]

    assert story(1) == story(1)
    assert len({str(story(seed)) for seed in range(2, 5)}) > 1


def test_servers_have_names() -> None:
    cluster = Cluster()
    assert cluster.server("broker-a") is cluster.broker
    assert cluster.server("namesrv") is cluster.name_server
    with pytest.raises(NoSuchServerError, match="there are namesrv, broker-a"):
        cluster.server("broker-z")


def test_a_wrong_setting_is_told() -> None:
    with (
        pytest.raises(Exception, match="autoCreateTopicEnable=perhaps"),
        Cluster(settings={"autoCreateTopicEnable": "perhaps"}),
    ):
        pass


def test_stopping_closes_the_clients_that_are_open() -> None:
    cluster = Cluster().start()
    producer = cluster.run(cluster.producer().start())
    cluster.stop()
    with pytest.raises(Exception, match="is closed: make a new one"):
        cluster.run(producer.send(Message("orders", b"x")))
    assert cluster.clock.getDelayedCalls() == ()


def test_a_test_may_make_many_clients() -> None:
    hosts = {client_host(number) for number in range(1, 70_000)}
    assert len(hosts) == 69_999
    assert all(IPv4Address(host).is_private for host in hosts)
    with Cluster() as cluster:
        for _ in range(300):
            cluster.settings()
        assert cluster.run(cluster.stored("orders")) == []


def test_a_client_that_does_not_end_keeps_no_server_running() -> None:
    cluster = Cluster(topics=["orders"]).start()
    stuck: Deferred[None] = Deferred()
    consumer = cluster.consumer("billing", {"orders": "*"}, close_timeout_s=1000)
    consumer.run(lambda message: stuck).addErrback(lambda _: None)
    producer = cluster.run(cluster.producer().start())
    cluster.run(producer.send(Message("orders", b"x")))
    cluster.advance(1)
    with pytest.raises(NotDoneError):
        cluster.stop()
    assert not cluster.broker.is_running
    assert not cluster.name_server.is_running
