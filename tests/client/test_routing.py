from random import Random
from typing import Any

import pytest
from client_kit import NAME_SERVER, FakeCluster, FakePool, held, result_of
from twisted.internet.task import Clock

from twistedmq.client.errors import (
    BrokerNotFoundError,
    NoNameServerError,
    RefusedError,
    RouteNotFoundError,
)
from twistedmq.client.nameserver_sources import open_source
from twistedmq.client.nameservers import NameServers
from twistedmq.client.routing import Routes, provisional_route, read_route
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.routes import BrokerData, QueueData, TopicRouteData
from twistedmq.protocol.codes import RequestCode, ResponseCode

ROUTE = RequestCode.GET_ROUTEINFO_BY_TOPIC


def data(perm: int = 6, broker_id: int = 0, read: int = 2, write: int = 1) -> object:
    return TopicRouteData(
        broker_datas=[BrokerData(broker_name="b", broker_addrs={broker_id: "a:1"})],
        queue_datas=[
            QueueData(
                broker_name="b", perm=perm, read_queue_nums=read, write_queue_nums=write
            )
        ],
    )


def test_queues_are_those_that_may_be_used() -> None:
    route = read_route("T", data())  # type: ignore[arg-type]
    assert route.subscribable == (MessageQueue("T", "b", 0), MessageQueue("T", "b", 1))
    assert route.publishable == (MessageQueue("T", "b", 0),)
    assert route.brokers == {"b": {0: "a:1"}}


@pytest.mark.parametrize(
    ("perm", "readable", "writable"), [(4, 2, 0), (2, 0, 1), (0, 0, 0), (7, 2, 1)]
)
def test_permissions_decide(perm: int, readable: int, writable: int) -> None:
    route = read_route("T", data(perm))  # type: ignore[arg-type]
    assert (len(route.subscribable), len(route.publishable)) == (readable, writable)


def test_without_a_master_nothing_can_be_sent() -> None:
    route = read_route("T", data(broker_id=1))  # type: ignore[arg-type]
    assert (len(route.subscribable), len(route.publishable)) == (2, 0)


def test_an_order_conf_says_which_queues_are_sent_to() -> None:
    body = data()
    body.order_topic_conf = "b:2;c:1"  # type: ignore[attr-defined]
    route = read_route("T", body)  # type: ignore[arg-type]
    assert [(q.broker_name, q.queue_id) for q in route.publishable] == [
        ("b", 0),
        ("b", 1),
        ("c", 0),
    ]


@pytest.mark.parametrize(("wanted", "queues"), [(4, 4), (16, 8)])
def test_a_topic_to_come_has_the_smaller_number_of_queues(
    wanted: int, queues: int
) -> None:
    route = provisional_route("T", data(7, read=8, write=8), wanted)  # type: ignore[arg-type]
    assert len(route.publishable) == len(route.subscribable) == queues
    assert route.provisional
    assert route.topic == "T"


@pytest.fixture
def routes(cluster: FakeCluster, clock: Clock) -> Routes:
    pool = FakePool(cluster)
    names = NameServers(open_source(NAME_SERVER, clock), pool, clock, Random(1))
    result_of(names.start())
    routes = Routes(names, clock)
    routes.start()
    return routes


def test_a_route_is_asked_for_once(cluster: FakeCluster, routes: Routes) -> None:
    cluster.create("T")
    route = result_of(routes.get("T"))
    assert result_of(routes.get("T")) is route is routes.cached("T")
    assert cluster.codes().count(ROUTE) == 1


def test_a_missing_topic_is_an_error_and_looked_for_again(
    cluster: FakeCluster, routes: Routes, clock: Clock
) -> None:
    changed: list[str] = []
    routes.on_change(changed.append)
    with pytest.raises(RouteNotFoundError):
        result_of(routes.get("T"))
    cluster.create("T")
    clock.advance(5)
    assert changed == ["T"]
    assert routes.cached("T") is not None


def test_a_changed_route_is_told(
    cluster: FakeCluster, routes: Routes, clock: Clock
) -> None:
    cluster.create("T", queues=2)
    result_of(routes.get("T"))
    changed: list[str] = []
    routes.on_change(changed.append)
    clock.advance(30)
    assert changed == []
    cluster.create("T", queues=3)
    clock.advance(30)
    assert changed == ["T"]
    route = routes.cached("T")
    assert route is not None
    assert len(route.publishable) == 3


def test_a_route_that_cannot_be_asked_for_stays(
    cluster: FakeCluster, routes: Routes, clock: Clock
) -> None:
    cluster.create("T")
    route = result_of(routes.get("T"))
    cluster.down.add(NAME_SERVER)
    clock.advance(30)
    assert routes.cached("T") is route
    assert held(routes.refresh("U"))[0].check(NoNameServerError)


def test_a_refusal_is_an_error(cluster: FakeCluster, routes: Routes) -> None:
    cluster.refuse[ROUTE] = ResponseCode.SYSTEM_ERROR, "no"
    with pytest.raises(RefusedError):
        result_of(routes.get("T"))


def test_sending_may_create_a_topic(cluster: FakeCluster, routes: Routes) -> None:
    route = result_of(routes.for_sending("NEW", 3))
    assert route.provisional
    assert len(route.publishable) == 3
    assert result_of(routes.for_sending("NEW", 3)) is route


def test_sending_creates_no_topic_where_that_is_off(
    cluster: FakeCluster, routes: Routes
) -> None:
    del cluster.topics["TBW102"]
    with pytest.raises(RouteNotFoundError, match="NEW"):
        result_of(routes.for_sending("NEW", 3))
    cluster.create("TBW102", perm=4)
    with pytest.raises(RouteNotFoundError, match="NEW"):
        result_of(routes.for_sending("NEW", 3))


def test_brokers_are_found_by_name(cluster: FakeCluster, routes: Routes) -> None:
    cluster.create("T")
    result_of(routes.get("T"))
    address = cluster.addresses["broker-0"]
    assert routes.address("broker-0") == address
    assert routes.all_addresses() == {address: 0}
    with pytest.raises(BrokerNotFoundError):
        routes.address("broker-0", 1)
    with pytest.raises(BrokerNotFoundError):
        routes.address("nobody")


def test_polling_ends(routes: Routes, clock: Clock) -> None:
    routes.stop()
    routes.stop()
    assert not clock.getDelayedCalls()


def test_a_broker_that_moved_is_found_whichever_topic_tells(
    cluster: FakeCluster, routes: Routes, clock: Clock
) -> None:
    """The route of a topic that was deleted stays, and with it an old address."""
    cluster.create("OLD")
    cluster.create("T")
    result_of(routes.get("OLD"))
    result_of(routes.get("T"))
    del cluster.topics["OLD"]
    cluster.addresses["broker-0"] = "192.0.2.99:10911"
    clock.advance(30)
    assert routes.address("broker-0") == "192.0.2.99:10911"
    assert routes.all_addresses() == {"192.0.2.99:10911": 0}


def test_a_broker_that_no_route_names_is_forgotten(
    cluster: FakeCluster, routes: Routes, clock: Clock
) -> None:
    cluster.addresses["broker-1"] = "192.0.2.11:10911"
    cluster.create("T")
    result_of(routes.get("T"))
    del cluster.topics["T"]["broker-1"]
    clock.advance(30)
    assert routes.all_addresses() == {"192.0.2.10:10911": 0}


def test_what_cannot_be_sent_to_is_not_followed(
    cluster: FakeCluster, routes: Routes, clock: Clock
) -> None:
    """A program may be told by its users where to send."""
    del cluster.topics["TBW102"]
    for topic in ("WRONG", "FOLLOWED"):
        with pytest.raises(RouteNotFoundError):
            result_of(routes.for_sending(topic, 4))
    with pytest.raises(RouteNotFoundError):
        result_of(routes.get("FOLLOWED"))
    with pytest.raises(RouteNotFoundError):
        result_of(routes.for_sending("FOLLOWED", 4))
    cluster.requests.clear()
    clock.advance(5)
    assert [header.topic for _, _, header in cluster.requests] == ["FOLLOWED"]


def test_a_listener_that_fails_lets_nobody_wait_for_ever(
    cluster: FakeCluster, routes: Routes, logged_failures: Any
) -> None:
    def fail(topic: str) -> None:
        raise ZeroDivisionError

    cluster.create("T")
    routes.on_change(fail)
    assert result_of(routes.get("T")).topic == "T"
    assert result_of(routes.refresh("T")).topic == "T"
    assert len(logged_failures.flush(ZeroDivisionError)) == 1


def test_what_is_mistyped_in_an_order_conf_is_left_out() -> None:
    body = data()
    body.order_topic_conf = "b:1;c;d:x; ;"  # type: ignore[attr-defined]
    route = read_route("T", body)  # type: ignore[arg-type]
    assert route.publishable == (MessageQueue("T", "b", 0),)
