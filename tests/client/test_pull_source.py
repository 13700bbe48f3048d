import pytest
from client_kit import FakeCluster, result_of

from twistedmq.client.errors import BrokerNotFoundError
from twistedmq.client.pull_source import PullSource
from twistedmq.client.routing import TopicRoute
from twistedmq.client.session import Session


def source(cluster: FakeCluster, members: dict[int, str]) -> PullSource:
    session = Session(cluster.settings())
    result_of(session.start())
    route = TopicRoute("T", {"broker-0": members}, (), ())
    session.routes._keep(route)
    return PullSource(session.routes, "broker-0")


def test_the_master_is_asked_until_another_is_suggested(cluster: FakeCluster) -> None:
    made = source(cluster, {0: "m:1", 1: "s:1"})
    assert made.where() == ("m:1", True)
    made.suggested = 1
    assert made.where() == ("s:1", False)
    made.suggested = 2
    assert made.where() == ("m:1", True)


def test_without_a_master_any_will_do(cluster: FakeCluster) -> None:
    assert source(cluster, {3: "s:1"}).where() == ("s:1", False)


def test_a_set_without_addresses_is_an_error(cluster: FakeCluster) -> None:
    with pytest.raises(BrokerNotFoundError, match="broker-0"):
        source(cluster, {}).where()
