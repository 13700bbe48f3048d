from typing import Any

import pytest
from client_kit import FakeCluster, result_of
from twisted.internet.defer import Deferred

from twistedmq.admin.asking import Asking
from twistedmq.admin.cluster import Cluster
from twistedmq.client.errors import RefusedError, RouteNotFoundError
from twistedmq.client.session import Session
from twistedmq.protocol.bodies.groups import GroupList
from twistedmq.protocol.codes import RequestCode


@pytest.fixture
def asking(cluster: FakeCluster) -> Asking:
    cluster.addresses["broker-1"] = "192.0.2.11:10911"
    cluster.create("T", brokers=["broker-1"])
    session = Session(cluster.settings())
    result_of(session.start())
    cluster_of = Cluster(session.names)
    return Asking(cluster_of, session.routes, session.calls)


def run(coroutine: Any) -> Any:
    return result_of(Deferred.fromCoroutine(coroutine))


def test_the_first_topic_with_a_route_counts(asking: Asking) -> None:
    assert run(asking.brokers_of("NOPE", "T")) == {"broker-1": "192.0.2.11:10911"}
    with pytest.raises(RouteNotFoundError, match="ALSO"):
        run(asking.brokers_of("NOPE", "ALSO"))


def test_a_route_is_asked_for_each_time(cluster: FakeCluster, asking: Asking) -> None:
    run(asking.brokers_of("T"))
    cluster.create("T", brokers=["broker-0"])
    assert set(run(asking.brokers_of("T"))) == {"broker-0", "broker-1"}


def test_a_refusal_of_one_is_an_error(cluster: FakeCluster, asking: Asking) -> None:
    code = RequestCode.QUERY_TOPIC_CONSUME_BY_WHO
    cluster.refuse[code] = (1, "no")
    brokers = run(asking.brokers_of("T"))
    with pytest.raises(RefusedError, match="no"):
        run(asking.bodies(brokers, code, None, GroupList))
