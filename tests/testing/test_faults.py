"""What real clients make of what goes wrong."""

from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.defer import DeferredList

from twistedmq.client.errors import ClientError
from twistedmq.client.message import Message
from twistedmq.client.producer import Producer
from twistedmq.remoting.errors import RemotingError
from twistedmq.testing.cluster import Cluster
from twistedmq.testing.faults import NoSuchHostError


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster(topics=["orders"]) as cluster:
        yield cluster


def started(cluster: Cluster, **options: Any) -> Producer:
    return cluster.run(cluster.producer(**options).start())


def not_sent() -> Any:
    return pytest.raises((ClientError, RemotingError))


def stored(cluster: Cluster) -> list[bytes]:
    return [message.body for message in cluster.run(cluster.stored("orders"))]


def consumed(cluster: Cluster) -> list[bytes]:
    """Give a list that is filled by a consumer that runs."""
    bodies: list[bytes] = []
    consumer = cluster.consumer("billing", {"orders": "*"})
    consumer.run(lambda message: bodies.append(message.body))
    cluster.advance(1)
    return bodies


def test_a_lost_request_is_not_served(cluster: Cluster) -> None:
    producer = started(cluster, retries=0)
    with cluster.faults.drop_requests("send") as fault:
        with not_sent():
            cluster.run(producer.send(Message("orders", b"1")))
        assert fault.hits == 1
    cluster.run(producer.send(Message("orders", b"2")))
    assert stored(cluster) == [b"2"]
    assert fault.hits == 1


def test_after_a_lost_response_nobody_knows(cluster: Cluster) -> None:
    producer = started(cluster, retries=0)
    cluster.faults.drop_responses("send", times=1)
    with not_sent():
        cluster.run(producer.send(Message("orders", b"1")))
    cluster.run(producer.send(Message("orders", b"1")))
    assert stored(cluster) == [b"1", b"1"]


def test_others_overtake_what_is_late(cluster: Cluster) -> None:
    producer = started(cluster, timeout_s=30)
    cluster.faults.delay_responses("send", by=2, times=1)
    done: list[str] = []
    for text in ["late", "in time"]:
        sending = producer.send(Message("orders", text.encode()))
        sending.addCallback(lambda _, text=text: done.append(text))
    cluster.advance(1)
    assert done == ["in time"]
    cluster.advance(1)
    assert done == ["in time", "late"]


def test_each_gets_its_own_answer_in_whatever_order(cluster: Cluster) -> None:
    producer = started(cluster, batching=None)
    fault = cluster.faults.reorder_responses("send", within=1)
    order: list[int] = []

    def send(number: int) -> Any:
        sending = producer.send(Message("orders", b"%d" % number))
        sending.addCallback(lambda _: order.append(number))
        return sending

    cluster.run(DeferredList([send(number) for number in range(20)]))
    assert sorted(order) == list(range(20)) != order
    assert fault.hits == 20


def test_a_slow_broker_is_waited_for(cluster: Cluster) -> None:
    producer = started(cluster)
    with cluster.faults.slow("broker-a", by=1.5):
        begun = cluster.clock.seconds()
        cluster.run(producer.send(Message("orders", b"1")))
        assert cluster.clock.seconds() - begun >= 1.5


@pytest.mark.parametrize("fault", ["disconnect", "half_open"])
def test_consumers_recover(cluster: Cluster, fault: str) -> None:
    bodies = consumed(cluster)
    producer = started(cluster)
    cluster.run(producer.send(Message("orders", b"1")))
    cluster.advance(1)
    assert getattr(cluster.faults, fault)(server="broker-a") >= 2
    cluster.advance(60)
    cluster.run(producer.send(Message("orders", b"2")))
    cluster.advance(60)
    assert bodies == [b"1", b"2"]


def test_refused_connections_and_a_network_that_is_down(cluster: Cluster) -> None:
    producer = started(cluster, retries=0)
    with cluster.faults.refuse_connections(server="broker-a"), not_sent():
        cluster.run(producer.send(Message("orders", b"1")))
    cluster.advance(10)
    cluster.run(producer.send(Message("orders", b"2")))
    with cluster.faults.cut_off(server="broker-a"), not_sent():
        cluster.run(producer.send(Message("orders", b"3")))
    cluster.advance(60)
    cluster.run(producer.send(Message("orders", b"4")))
    assert stored(cluster) == [b"2", b"4"]


def test_only_one_client_is_cut_off(cluster: Cluster) -> None:
    lone = Producer("lone", retries=0, settings=cluster.settings("lone"))
    cluster.run(lone.start())
    other = started(cluster)
    cluster.faults.cut_off(client="lone")
    cluster.run(other.send(Message("orders", b"1")))
    with not_sent():
        cluster.run(lone.send(Message("orders", b"2")))
    cluster.faults.clear()
    assert stored(cluster) == [b"1"]


def test_a_name_server_that_is_gone_is_not_missed_for_a_while(
    cluster: Cluster,
) -> None:
    bodies = consumed(cluster)
    producer = started(cluster)
    cluster.run(producer.send(Message("orders", b"1")))
    cluster.name_server.kill()
    cluster.run(producer.send(Message("orders", b"2")))
    cluster.advance(300)
    cluster.run(producer.send(Message("orders", b"3")))
    cluster.run(cluster.name_server.start())
    cluster.advance(60)
    late = started(cluster)
    cluster.run(late.send(Message("orders", b"4")))
    cluster.advance(1)
    assert bodies == [b"1", b"2", b"3", b"4"]


def test_chance_is_decided_by_the_seed() -> None:
    def lost(seed: int) -> list[bool]:
        with Cluster(topics=["orders"], seed=seed) as cluster:
            producer = started(cluster, retries=0, batching=None)
            cluster.faults.drop_requests("send", chance=0.5)
            results = DeferredList(
                [producer.send(Message("orders", b"x")) for _ in range(12)],
                consumeErrors=True,
            )
            return [succeeded for succeeded, _ in cluster.run(results)]

    assert lost(5) == lost(5)
    assert lost(5) != lost(6)
    assert True in lost(5)
    assert False in lost(5)


def test_names_are_checked(cluster: Cluster) -> None:
    with pytest.raises(NoSuchHostError, match="there are namesrv, broker-a"):
        cluster.faults.disconnect(server="broker-z")
