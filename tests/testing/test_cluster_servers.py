"""What servers of a cluster keep over a stop, a kill and a loss of power."""

from collections.abc import Callable

import pytest

from twistedmq.client.message import Message
from twistedmq.testing.cluster import Cluster
from twistedmq.testing.cluster_servers import ClusterBroker


def bodies(cluster: Cluster, count: int) -> list[bytes]:
    """Have a new group read *count* messages."""

    async def read() -> list[bytes]:
        found: list[bytes] = []
        consumer = cluster.consumer("readers", {"orders": "*"})
        async with consumer:
            async for message in consumer:
                found.append(message.body)
                if len(found) == count:
                    break
        return sorted(found)

    return cluster.run(read())


def sent(cluster: Cluster, *texts: bytes) -> None:
    async def send() -> None:
        async with cluster.producer() as producer:
            for text in texts:
                await producer.send(Message("orders", text))

    cluster.run(send())


def test_a_broker_that_was_stopped_comes_back_with_its_files() -> None:
    with Cluster(store="file") as cluster:
        sent(cluster, b"1", b"2")
        cluster.run(cluster.broker.restart())
        sent(cluster, b"3")
        assert bodies(cluster, 3) == [b"1", b"2", b"3"]


@pytest.mark.parametrize("end", [ClusterBroker.kill, ClusterBroker.lose_power])
def test_a_killed_broker_recovers(end: Callable[[ClusterBroker], None]) -> None:
    settings = {"flushDiskType": "SYNC_FLUSH"}
    with Cluster(store="file", settings=settings) as cluster:
        sent(cluster, b"1", b"2")
        end(cluster.broker)
        assert not cluster.broker.is_running
        cluster.run(cluster.broker.start())
        assert bodies(cluster, 2) == [b"1", b"2"]


def test_a_memory_store_begins_anew() -> None:
    with Cluster() as cluster:
        sent(cluster, b"1")
        cluster.broker.kill()
        cluster.run(cluster.broker.start())
        sent(cluster, b"2")
        assert bodies(cluster, 1) == [b"2"]


def test_starting_twice_and_stopping_twice_is_once() -> None:
    with Cluster() as cluster:
        cluster.run(cluster.broker.start())
        cluster.run(cluster.broker.stop())
        cluster.run(cluster.broker.stop())
        cluster.run(cluster.broker.start())
        assert cluster.broker.is_running
