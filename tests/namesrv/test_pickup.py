import pytest

from twistedmq.config.live import Live
from twistedmq.config.namesrv import NamesrvConfig
from twistedmq.namesrv.pickup import in_zone, pick_route
from twistedmq.namesrv.registrations import BrokerKey, Registration
from twistedmq.namesrv.routes import RouteTable
from twistedmq.protocol.bodies import TopicConfig, TopicRouteData

SYNC = "rmq_sys_SYNC_BROKER_MEMBER_a"


@pytest.fixture
def table() -> RouteTable:
    return RouteTable(Live(NamesrvConfig()))


def register(
    table: RouteTable,
    name: str = "a",
    broker_id: int = 0,
    *,
    acting: bool | None = None,
    zone: str | None = None,
    filters: list[str] | None = None,
) -> None:
    names = ("t", SYNC)
    table.register(
        Registration(
            cluster="c",
            broker_name=name,
            broker_id=broker_id,
            address=f"{name}{broker_id}:1",
            acting_master=acting,
            zone=zone,
            filter_servers=filters or [],
            topics={one: TopicConfig(topic_name=one) for one in names},
        )
    )


def addresses(route: TopicRouteData | None) -> dict[str, dict[int, str]]:
    assert route is not None
    return {one.broker_name: one.broker_addrs for one in route.broker_datas}


def test_an_unknown_topic_has_no_route(table: RouteTable) -> None:
    register(table)
    assert pick_route(table, "x", acting_master=True) is None


def test_a_route_is_queues_and_brokers(table: RouteTable) -> None:
    register(table)
    register(table, "b")
    route = pick_route(table, "t", acting_master=False)
    assert addresses(route) == {"a": {0: "a0:1"}, "b": {0: "b0:1"}}
    assert route is not None
    assert [one.broker_name for one in route.queue_datas] == ["a", "b"]
    assert route.topic_queue_mapping_by_broker is None


def test_filter_servers_are_told_where_there_are_some(table: RouteTable) -> None:
    register(table, filters=["f:1"])
    register(table, "b")
    route = pick_route(table, "t", acting_master=False)
    assert route is not None
    assert route.filter_server_table == {"a0:1": ["f:1"]}


def test_the_smallest_slave_is_shown_as_the_lost_master(table: RouteTable) -> None:
    for broker_id in (0, 2, 1):
        register(table, broker_id=broker_id, acting=True)
    table.unregister(BrokerKey("c", "a0:1"), "a")
    shown = pick_route(table, "t", acting_master=True)
    assert addresses(shown) == {"a": {0: "a1:1", 2: "a2:1"}}
    plain = pick_route(table, "t", acting_master=False)
    assert addresses(plain) == {"a": {1: "a1:1", 2: "a2:1"}}
    sync = pick_route(table, SYNC, acting_master=True)
    assert addresses(sync) == {"a": {1: "a1:1", 2: "a2:1"}}


def test_a_slave_that_does_not_stand_in_is_shown_as_it_is(table: RouteTable) -> None:
    register(table)
    register(table, broker_id=1)
    table.unregister(BrokerKey("c", "a0:1"), "a")
    assert addresses(pick_route(table, "t", acting_master=True)) == {"a": {1: "a1:1"}}


def test_queues_that_can_be_written_need_no_stand_in(table: RouteTable) -> None:
    register(table, broker_id=1, acting=True)
    table.add_write_permission("a")
    assert addresses(pick_route(table, "t", acting_master=True)) == {"a": {1: "a1:1"}}


def test_a_zone_sees_its_own_brokers_and_those_without_a_master(
    table: RouteTable,
) -> None:
    register(table, "a", zone="North", filters=["f:1"])
    register(table, "b", zone="south", filters=["f:2"])
    register(table, "d", 1, acting=True, zone="south")
    route = pick_route(table, "t", acting_master=False)
    assert route is not None
    seen = in_zone(route, "north")
    assert addresses(seen).keys() == {"a", "d"}
    assert {one.broker_name for one in seen.queue_datas} == {"a", "d"}
    assert seen.filter_server_table == {"a0:1": ["f:1"]}
    assert addresses(route).keys() == {"a", "b", "d"}
