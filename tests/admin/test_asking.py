from typing import Any

import pytest
from client_kit import FakeCluster, result_of
from msgspec.structs import replace
from twisted.internet.defer import Deferred, fail, succeed

from twistedmq.admin.asking import Asking, Silent, answers_of
from twistedmq.admin.cluster import Cluster
from twistedmq.client.errors import (
    BrokerNotFoundError,
    RefusedError,
    RouteNotFoundError,
)
from twistedmq.client.session import Session
from twistedmq.protocol.bodies.groups import GroupList
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode
from twistedmq.remoting.errors import ConnectError


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


def test_only_a_missing_route_leads_to_the_next_topic(
    cluster: FakeCluster, asking: Asking
) -> None:
    cluster.refuse[RequestCode.GET_ROUTEINFO_BY_TOPIC] = (1, "no")
    before = len(cluster.requests)
    with pytest.raises(RefusedError):
        run(asking.brokers_of("T", "ALSO"))
    assert len(cluster.requests) == before + 1


def test_where_a_queue_is(cluster: FakeCluster, asking: Asking) -> None:
    queue = MessageQueue("T", "broker-1", 0)
    assert run(asking.address_of(queue)) == "192.0.2.11:10911"
    light = MessageQueue("%LMQ%x", "broker-1", 0)
    assert run(asking.address_of(light, "T")) == "192.0.2.11:10911"
    with pytest.raises(BrokerNotFoundError):
        run(asking.address_of(MessageQueue("T", "broker-9", 0)))


def test_those_that_do_not_answer_are_left_out() -> None:
    gone = ConnectError("x:1", "refused")

    def asked() -> dict[str, Deferred[int]]:
        return {"a": succeed(1), "b": fail(gone)}

    silent: Silent = {}
    assert run(answers_of(asked(), silent)) == {"a": 1}
    assert silent == {"b": gone}
    with pytest.raises(ConnectError):
        run(answers_of(asked()))
    with pytest.raises(RefusedError):
        run(answers_of({"a": fail(RefusedError(1, "no", "x:1"))}, silent))


def test_only_a_master_is_told_what_to_keep(
    cluster: FakeCluster, asking: Asking
) -> None:
    queue = MessageQueue("T", "broker-1", 0)
    assert run(asking.master_of(queue)) == "192.0.2.11:10911"
    route = asking.routes.cached("T")
    assert route is not None
    slave = replace(route, brokers={"broker-1": {1: "192.0.2.12:10911"}})
    asking.routes._keep(slave)
    assert run(asking.address_of(queue)) == "192.0.2.12:10911"
    with pytest.raises(BrokerNotFoundError):
        run(asking.master_of(queue))
