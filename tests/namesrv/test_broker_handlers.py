import zlib

import pytest
from namesrv_kit import NameServer, topic, topics

from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import (
    DataVersion,
    GetBrokerMemberGroupResponseBody,
    QueueData,
    RegisterBrokerBody,
    TopicConfigAndMappingSerializeWrapper,
    TopicConfigSerializeWrapper,
    TopicRouteData,
)
from twistedmq.protocol.bodies.register import encode_register_body
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.headers.namesrv import (
    BrokerHeartbeatRequestHeader,
    GetBrokerMemberGroupRequestHeader,
    NotifyMinBrokerIdChangeRequestHeader,
    PutKVConfigRequestHeader,
    QueryDataVersionRequestHeader,
    QueryDataVersionResponseHeader,
    RegisterBrokerRequestHeader,
    RegisterBrokerResponseHeader,
    RegisterTopicRequestHeader,
    UnRegisterBrokerRequestHeader,
)
from twistedmq.testing.connections import FakeConnection

WHO = {
    "broker_name": "broker-a",
    "broker_addr": "10.0.0.1:10911",
    "cluster_name": "c",
}


@pytest.fixture
def server() -> NameServer:
    return NameServer().start()


def header(**more: object) -> RegisterBrokerRequestHeader:
    given = {**WHO, "broker_id": 0, "ha_server_addr": "10.0.0.1:10912", **more}
    return RegisterBrokerRequestHeader(**given)  # type: ignore[arg-type]


def body(*names: str) -> RegisterBrokerBody:
    wrapper = TopicConfigAndMappingSerializeWrapper(
        topic_config_table={one.topic_name: one for one in topics(*names)}
    )
    return RegisterBrokerBody(topic_config_serialize_wrapper=wrapper)


def test_a_master_is_answered_with_nothing(server: NameServer) -> None:
    reply = server.register(*topics("t"))
    assert reply.code == ResponseCode.SUCCESS
    assert reply.header == RegisterBrokerResponseHeader()
    assert reply.body == b""
    assert "t" in server.routes.queues


def test_a_slave_is_told_its_master(server: NameServer) -> None:
    server.register(*topics("t"))
    reply = server.register(*topics("t"), broker_id=1, broker_addr="10.0.0.2:10911")
    assert reply.header == RegisterBrokerResponseHeader(
        ha_server_addr="10.0.0.1:10912", master_addr="10.0.0.1:10911"
    )


@pytest.mark.parametrize("compressed", [False, True])
def test_the_checksum_is_over_the_body_as_sent(
    server: NameServer, compressed: bool
) -> None:
    data = encode_register_body(body("t"), compressed)
    crc = zlib.crc32(data) & 0x7FFFFFFF
    good = header(compressed=compressed, body_crc32=crc)
    bad = header(compressed=compressed, body_crc32=crc ^ 1)
    code = RequestCode.REGISTER_BROKER
    refused = server.ask(code, bad, data)
    assert (refused.code, refused.remark) == (1, "crc32 not match")
    assert server.routes.queues == {}
    assert server.ask(code, good, data).code == 0
    assert "t" in server.routes.queues


def test_a_broken_body_is_refused(server: NameServer) -> None:
    reply = server.ask(RequestCode.REGISTER_BROKER, header(), b"{")
    assert reply.code == ResponseCode.SYSTEM_ERROR
    assert server.routes.brokers == {}


def test_an_ancient_broker_sends_its_topics_bare(server: NameServer) -> None:
    table = {one.topic_name: one for one in topics("t")}
    bare = TopicConfigSerializeWrapper(topic_config_table=table)
    data = loose_json.encode(bare)
    server.ask(RequestCode.REGISTER_BROKER, header(), data, version=36)
    assert "t" in server.routes.queues


def test_a_single_topic_comes_after_the_whole_table(server: NameServer) -> None:
    refused = server.register(topic("t"))
    assert (refused.code, refused.remark) == (1, "register broker failed")
    server.register(*topics("t"))
    assert server.register(topic("u"), counter=1).code == 0
    assert set(server.routes.queues) == {"TBW102", "t", "u"}


def test_the_order_of_topics_goes_back_to_brokers(server: NameServer) -> None:
    server.ask(
        RequestCode.PUT_KV_CONFIG,
        PutKVConfigRequestHeader(
            namespace="ORDER_TOPIC_CONFIG", key="t", value="broker-a:4"
        ),
    )
    assert server.register(*topics("t")).body == b'{"table":{"t":"broker-a:4"}}'


def test_an_older_state_is_answered_well_and_not_taken(server: NameServer) -> None:
    server.register(*topics("t"), state=2)
    reply = server.register(*topics("t"), state=1, broker_addr="10.0.0.9:10911")
    assert reply.code == 0
    assert server.routes.brokers["broker-a"].broker_addrs == {0: "10.0.0.1:10911"}


def test_who_unregisters_is_gone(server: NameServer) -> None:
    connection = FakeConnection()
    server.register(*topics("t"), connection=connection)
    gone = UnRegisterBrokerRequestHeader(**WHO, broker_id=0)
    assert server.ask(RequestCode.UNREGISTER_BROKER, gone).code == 0
    assert server.routes.queues == server.routes.brokers == {}
    connection.close("test")


def test_a_lost_connection_takes_the_routes_along(server: NameServer) -> None:
    connection = FakeConnection()
    server.register(*topics("t"), connection=connection)
    connection.close("test")
    assert server.routes.queues == {}


def test_connections_that_end_because_the_server_stops_tell_nothing(
    server: NameServer,
) -> None:
    connection = FakeConnection()
    server.register(*topics("t"), connection=connection)
    server.stop()
    connection.close("the server stops")
    assert "t" in server.routes.queues


def test_silence_takes_the_routes_along(server: NameServer) -> None:
    connection = FakeConnection()
    server.register(
        *topics("t"), connection=connection, heartbeat_timeout_millis=10_000
    )
    server.clock.pump([5.0] * 3)
    assert server.routes.queues == {}
    assert connection.close_reason is not None


def question(server: NameServer, counter: int) -> tuple[bool, bytes]:
    reply = server.ask(
        RequestCode.QUERY_DATA_VERSION,
        QueryDataVersionRequestHeader(**WHO, broker_id=0),
        loose_json.encode(DataVersion(counter=counter)),
    )
    assert isinstance(reply.header, QueryDataVersionResponseHeader)
    assert isinstance(reply.body, bytes)
    return reply.header.changed, reply.body


def test_a_broker_learns_whether_its_table_is_known(server: NameServer) -> None:
    assert question(server, 3) == (True, b"")
    server.register(*topics("t"), counter=3)
    known = b'{"counter":3,"stateVersion":0,"timestamp":0}'
    assert question(server, 3) == (False, known)
    assert question(server, 4) == (True, known)


def test_both_heartbeats_are_signs_of_life(server: NameServer) -> None:
    server.register(*topics("t"), heartbeat_timeout_millis=10_000)
    for beat in range(20):
        server.clock.pump([5.0])
        if beat % 2:
            question(server, 0)
        else:
            beats = BrokerHeartbeatRequestHeader(**WHO)
            assert server.ask(RequestCode.BROKER_HEARTBEAT, beats).code == 0
    assert "t" in server.routes.queues


def test_a_topic_can_be_added_alone(server: NameServer) -> None:
    server.register(*topics("t"))
    for broker in ("broker-a", "nobody"):
        route = TopicRouteData(queue_datas=[QueueData(broker_name=broker, perm=6)])
        reply = server.ask(
            RequestCode.REGISTER_TOPIC_IN_NAMESRV,
            RegisterTopicRequestHeader(topic=f"of-{broker}"),
            loose_json.encode(route),
        )
        assert reply.code == 0
    assert set(server.routes.queues) == {"TBW102", "t", "of-broker-a"}


def test_the_members_of_a_name(server: NameServer) -> None:
    server.register(*topics("t"))
    reply = server.ask(
        RequestCode.GET_BROKER_MEMBER_GROUP,
        GetBrokerMemberGroupRequestHeader(cluster_name="c", broker_name="broker-a"),
    )
    assert reply.body == (
        b'{"brokerMemberGroup":{"brokerAddrs":{0:"10.0.0.1:10911"},'
        b'"brokerName":"broker-a","cluster":"c"}}'
    )
    unknown = server.ask(
        RequestCode.GET_BROKER_MEMBER_GROUP,
        GetBrokerMemberGroupRequestHeader(cluster_name="c", broker_name="x"),
    )
    assert isinstance(unknown.body, bytes)
    group = loose_json.decode(unknown.body, type=GetBrokerMemberGroupResponseBody)
    assert group.broker_member_group.broker_addrs == {}


def test_slaves_are_told_that_they_stand_in_if_so_set() -> None:
    server = NameServer(notifyMinBrokerIdChanged="true").start()
    connection = FakeConnection()
    acting = {"enable_acting_master": True}
    server.register(*topics("t"), connection=connection, **acting)
    server.register(*topics("t"), broker_id=1, broker_addr="10.0.0.2:10911", **acting)
    assert server.told == []
    connection.close("test")
    assert server.told == [
        (
            "10.0.0.2:10911",
            RequestCode.NOTIFY_MIN_BROKER_ID_CHANGE,
            NotifyMinBrokerIdChangeRequestHeader(
                min_broker_id=1,
                min_broker_addr="10.0.0.2:10911",
                offline_broker_addr="10.0.0.1:10911",
            ),
        )
    ]


def test_nobody_is_told_unless_so_set(server: NameServer) -> None:
    acting = {"enable_acting_master": True}
    slave = {"broker_id": 1, "broker_addr": "10.0.0.2:10911"}
    server.register(*topics("t"), **slave, **acting)
    server.register(*topics("t"), **acting)
    assert server.told == []
