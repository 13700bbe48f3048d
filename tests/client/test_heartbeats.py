from typing import Any

from client_kit import FakeCluster, result_of
from twisted.internet.task import Clock

from twistedmq.client.heartbeats import Heartbeats
from twistedmq.client.session import Session
from twistedmq.protocol.bodies.clients import ConsumerData, HeartbeatData
from twistedmq.protocol.codes import RequestCode, ResponseCode

BEAT = RequestCode.HEART_BEAT


def made(cluster: FakeCluster, *, masters_only: bool = False) -> Heartbeats:
    session = Session(cluster.settings())
    result_of(session.start())
    data = HeartbeatData(
        client_id="me", consumer_data_set=[ConsumerData(group_name="G")]
    )
    heartbeats = session.heartbeats(lambda: data, masters_only=masters_only)
    heartbeats.session = session  # type: ignore[attr-defined]
    return heartbeats


def beats(cluster: FakeCluster) -> int:
    return cluster.codes().count(BEAT)


def test_brokers_are_told_at_once_and_every_thirty_seconds(
    cluster: FakeCluster, clock: Clock
) -> None:
    cluster.create("T")
    heartbeats = made(cluster)
    result_of(heartbeats.session.routes.get("T"))  # type: ignore[attr-defined]
    result_of(heartbeats.start())
    assert beats(cluster) == 1
    assert list(cluster.members["G"]) == ["me"]
    clock.pump([10, 10, 10])
    assert beats(cluster) == 2
    heartbeats.stop()
    clock.advance(60)
    assert beats(cluster) == 2


def test_a_new_broker_is_told_at_once(cluster: FakeCluster) -> None:
    heartbeats = made(cluster)
    result_of(heartbeats.start())
    assert beats(cluster) == 0
    cluster.create("T")
    result_of(heartbeats.session.routes.get("T"))  # type: ignore[attr-defined]
    assert beats(cluster) == 1
    cluster.create("U")
    result_of(heartbeats.session.routes.get("U"))  # type: ignore[attr-defined]
    assert beats(cluster) == 1


def test_a_broker_that_does_not_listen_disturbs_nobody(
    cluster: FakeCluster, clock: Clock, logged: Any
) -> None:
    cluster.create("T")
    cluster.refuse[BEAT] = ResponseCode.SYSTEM_ERROR, "no"
    heartbeats = made(cluster)
    result_of(heartbeats.session.routes.get("T"))  # type: ignore[attr-defined]
    result_of(heartbeats.start())
    assert logged(cluster.addresses["broker-0"], "did not take a heartbeat: ", "no")
    assert not cluster.members
    cluster.refuse.clear()
    clock.pump([10, 10, 10])
    assert list(cluster.members["G"]) == ["me"]
    heartbeats.stop()


def test_producers_tell_masters_only(cluster: FakeCluster) -> None:
    cluster.create("T")
    heartbeats = made(cluster, masters_only=True)
    result_of(heartbeats.session.routes.get("T"))  # type: ignore[attr-defined]
    assert heartbeats.addresses() == [cluster.addresses["broker-0"]]


def test_a_client_is_introduced_once_for_all_who_ask(cluster: FakeCluster) -> None:
    """A broker that was restarted knows none of the queues that are pulled there."""
    cluster.create("T")
    heartbeats = made(cluster)
    result_of(heartbeats.session.routes.get("T"))  # type: ignore[attr-defined]
    result_of(heartbeats.start())
    answer = cluster.wait_for(BEAT)
    for _ in range(16):
        heartbeats.introduce()
    assert beats(cluster) == 2
    answer.callback(None)
    heartbeats.introduce()
    assert beats(cluster) == 3
