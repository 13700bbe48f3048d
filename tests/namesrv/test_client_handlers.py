import json

import pytest
from namesrv_kit import NameServer, topic, topics

from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.headers.namesrv import (
    AddWritePermOfBrokerRequestHeader,
    AddWritePermOfBrokerResponseHeader,
    DeleteTopicFromNamesrvRequestHeader,
    GetRouteInfoRequestHeader,
    GetTopicsByClusterRequestHeader,
    PutKVConfigRequestHeader,
    WipeWritePermOfBrokerRequestHeader,
    WipeWritePermOfBrokerResponseHeader,
)

ROUTE = GetRouteInfoRequestHeader(topic="t")


@pytest.fixture
def server() -> NameServer:
    started = NameServer().start()
    started.register(*topics("t"))
    return started


def listed(reply: Reply) -> list[str]:
    assert isinstance(reply.body, bytes)
    names: list[str] = json.loads(reply.body)["topicList"]
    return names


def test_a_route_for_a_current_client_is_strict_json(server: NameServer) -> None:
    assert server.route("t").body == (
        b'{"brokerDatas":[{"brokerAddrs":{"0":"10.0.0.1:10911"},'
        b'"brokerName":"broker-a","cluster":"c","enableActingMaster":false}],'
        b'"filterServerTable":{},"queueDatas":[{"brokerName":"broker-a","perm":6,'
        b'"readQueueNums":4,"topicSysFlag":0,"writeQueueNums":4}]}'
    )


def test_old_clients_get_bare_keys_unless_they_ask(server: NameServer) -> None:
    assert b'{0:"10.0' in bytes(server.route("t", version=400).body)  # type: ignore[arg-type]
    asked = GetRouteInfoRequestHeader(topic="t", accept_standard_json_only=True)
    reply = server.ask(RequestCode.GET_ROUTEINFO_BY_TOPIC, asked, version=400)
    assert reply.body == server.route("t").body


def test_an_unknown_topic_is_told_in_upstreams_words(server: NameServer) -> None:
    reply = server.route("x")
    assert reply.code == ResponseCode.TOPIC_NOT_EXIST
    assert reply.remark == (
        "No topic route info in name server for the topic: x\n"
        "See https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details."
    )


def test_a_route_follows_every_change(server: NameServer) -> None:
    def perm() -> int:
        body = server.route("t").body
        assert isinstance(body, bytes)
        found: int = json.loads(body)["queueDatas"][0]["perm"]
        return found

    assert perm() == 6
    wipe = WipeWritePermOfBrokerRequestHeader(broker_name="broker-a")
    reply = server.ask(RequestCode.WIPE_WRITE_PERM_OF_BROKER, wipe)
    assert reply.header == WipeWritePermOfBrokerResponseHeader(wipe_topic_count=2)
    assert perm() == 4
    add = AddWritePermOfBrokerRequestHeader(broker_name="broker-a")
    reply = server.ask(RequestCode.ADD_WRITE_PERM_OF_BROKER, add)
    assert reply.header == AddWritePermOfBrokerResponseHeader(add_topic_count=2)
    assert perm() == 6
    server.register(topic("t", perm=2), counter=1)
    assert perm() == 2


def test_a_route_is_encoded_once_until_something_changes(server: NameServer) -> None:
    first = server.route("t").body
    assert server.route("t").body is first
    server.register(*topics("t"))
    assert server.route("t").body is first
    server.register(topic("u"), counter=1)
    assert server.route("t").body is not first


def test_the_order_setting_is_in_routes_only_if_so_set(server: NameServer) -> None:
    put = PutKVConfigRequestHeader(
        namespace="ORDER_TOPIC_CONFIG", key="t", value="broker-a:4"
    )
    server.ask(RequestCode.PUT_KV_CONFIG, put)
    assert b"orderTopicConf" not in bytes(server.route("t").body)  # type: ignore[arg-type]
    server.ask(RequestCode.UPDATE_NAMESRV_CONFIG, body=b"orderMessageEnable=true")
    assert b'"orderTopicConf":"broker-a:4"' in bytes(server.route("t").body)  # type: ignore[arg-type]


def test_a_client_of_a_zone_sees_that_zone(server: NameServer) -> None:
    fields = {"topic": "t", "__ZONE_MODE": "true", "__ZONE_NAME": "north"}
    nothing = server.ask(RequestCode.GET_ROUTEINFO_BY_TOPIC, ROUTE, fields=fields)
    assert isinstance(nothing.body, bytes)
    assert b'"brokerDatas":[]' in nothing.body
    fields["__ZONE_MODE"] = "false"
    all_of_it = server.ask(RequestCode.GET_ROUTEINFO_BY_TOPIC, ROUTE, fields=fields)
    assert all_of_it.body == server.route("t").body


def test_no_route_is_told_before_the_time_or_when_stopping() -> None:
    server = NameServer(needWaitForService="true", waitSecondsForService="10").start()
    server.register(*topics("t"))
    refused = server.route("t")
    assert (refused.code, refused.remark) == (1, "name server not ready")
    server.clock.advance(10)
    assert server.route("t").code == 0
    server.service.readiness.stopService()
    assert server.route("t").code == 1


def test_the_cluster_has_bare_keys(server: NameServer) -> None:
    reply = server.ask(RequestCode.GET_BROKER_CLUSTER_INFO)
    assert reply.body == (
        b'{"brokerAddrTable":{"broker-a":{"brokerAddrs":{0:"10.0.0.1:10911"},'
        b'"brokerName":"broker-a","cluster":"c","enableActingMaster":false}},'
        b'"clusterAddrTable":{"c":["broker-a"]}}'
    )


def test_all_topics_and_those_of_a_cluster(server: NameServer) -> None:
    second = {"broker_name": "b", "broker_addr": "10.0.0.2:1", "cluster_name": "d"}
    server.register(*topics("t", "u"), **second)
    everything = server.ask(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER)
    assert listed(everything) == ["TBW102", "t", "u"]
    for cluster, names in (("c", ["TBW102", "t"]), ("x", [])):
        header = GetTopicsByClusterRequestHeader(cluster=cluster)
        reply = server.ask(RequestCode.GET_TOPICS_BY_CLUSTER, header)
        assert listed(reply) == names


def test_system_topics_are_names_and_the_address_of_a_broker(
    server: NameServer,
) -> None:
    reply = server.ask(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS)
    assert reply.body == (
        b'{"brokerAddr":"10.0.0.1:10911","topicList":["c","broker-a"]}'
    )
    nobody = NameServer().start().ask(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS)
    assert nobody.body == b'{"topicList":[]}'


@pytest.mark.parametrize(
    ("code", "names"),
    [
        (RequestCode.GET_UNIT_TOPIC_LIST, ["unit", "both"]),
        (RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST, ["sub", "both"]),
        (RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST, ["sub"]),
    ],
)
def test_topics_by_their_unit_flags(
    server: NameServer, code: int, names: list[str]
) -> None:
    flags = (topic("unit", flag=1), topic("sub", flag=2), topic("both", flag=3))
    server.register(*flags, counter=1)
    assert listed(server.ask(code)) == names


def test_lists_can_be_switched_off() -> None:
    server = NameServer(enableTopicList="false", enableAllTopicList="false").start()
    cluster = GetTopicsByClusterRequestHeader(cluster="c")
    for code, header in (
        (RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, None),
        (RequestCode.GET_TOPICS_BY_CLUSTER, cluster),
        (RequestCode.GET_UNIT_TOPIC_LIST, None),
    ):
        reply = server.ask(code, header)
        assert (reply.code, reply.remark) == (1, "disable")


def test_a_topic_is_deleted(server: NameServer) -> None:
    for cluster, left in (("elsewhere", True), ("", False)):
        header = DeleteTopicFromNamesrvRequestHeader(topic="t", cluster_name=cluster)
        assert server.ask(RequestCode.DELETE_TOPIC_IN_NAMESRV, header).code == 0
        assert (server.route("t").code == 0) is left
