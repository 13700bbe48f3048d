"""Connections of groups, for people."""

from typing import Any

import pytest
from read_side import ReadSide, genuine_answers

from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import MessageQueue
from twistedmq.protocol.bodies.watched import WatchedConsumerConnection
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.headers import (
    GetAllProducerInfoRequestHeader,
    GetConsumerConnectionListRequestHeader,
    GetProducerConnectionListRequestHeader,
)
from twistedmq.testing.connections import FakeConnection


@pytest.fixture
def side() -> ReadSide:
    made = ReadSide()
    made.heartbeat("G1", {"T1": "TagA || TagB"}, producers=("P1",))
    return made


def genuine(name: str) -> dict[str, Any]:
    body: dict[str, Any] = genuine_answers(name)[0]["body_json"]
    return body


def test_consumers(side: ReadSide) -> None:
    header = GetConsumerConnectionListRequestHeader(consumer_group="G1")
    reply = side.ask(RequestCode.GET_CONSUMER_CONNECTION_LIST, header)
    ours = loose_json.decode_any(reply.body)
    wanted = genuine("get_consumer_connection_list")
    assert ours.keys() == wanted.keys()
    assert ours["connectionSet"] == [
        {
            "clientAddr": "192.0.2.1:4711",
            "clientId": "c1",
            "language": "PYTHON",
            "version": 493,
        }
    ]
    [subscription] = ours["subscriptionTable"].values()
    assert subscription.keys() == wanted["subscriptionTable"]["T1"].keys()


def test_differences_and_locks_are_told_where_there_are_some(side: ReadSide) -> None:
    header = GetConsumerConnectionListRequestHeader(consumer_group="G1")
    queue = MessageQueue("T1", "broker-a", 0)
    side.locks.lock("G1", [queue], "c1")
    side.heartbeat("G1", {"T1": "*"}, FakeConnection(), "c2")
    reply = side.ask(RequestCode.GET_CONSUMER_CONNECTION_LIST, header)
    ours = loose_json.decode(reply.body, type=WatchedConsumerConnection)
    assert ours.locked_queues == {"c1": [queue]}
    assert [(o.expression, o.client_ids) for o in ours.subscription_differences] == [
        ("*", ["c2"]),
        ("TagA || TagB", ["c1"]),
    ]
    assert len(ours.connection_set) == 2
    assert (
        genuine("get_consumer_connection_list").keys()
        < loose_json.decode_any(reply.body).keys()
    )


def test_consumers_that_are_not_there(side: ReadSide) -> None:
    header = GetConsumerConnectionListRequestHeader(consumer_group="GNope")
    reply = side.ask(RequestCode.GET_CONSUMER_CONNECTION_LIST, header)
    assert reply.code == ResponseCode.CONSUMER_NOT_ONLINE
    assert reply.remark == "the consumer group[GNope] not online"


def test_producers(side: ReadSide) -> None:
    header = GetProducerConnectionListRequestHeader(producer_group="P1")
    reply = side.ask(RequestCode.GET_PRODUCER_CONNECTION_LIST, header)
    ours = loose_json.decode_any(reply.body)
    assert ours.keys() == genuine("get_producer_connection_list").keys()
    header.producer_group = "PNope"
    reply = side.ask(RequestCode.GET_PRODUCER_CONNECTION_LIST, header)
    assert reply.code == ResponseCode.SYSTEM_ERROR
    assert reply.remark == "the producer group[PNope] not exist"


def test_all_producers(side: ReadSide) -> None:
    side.clock.advance(3)
    side.now_ms += 3000
    code = RequestCode.GET_ALL_PRODUCER_INFO
    reply = side.ask(code, GetAllProducerInfoRequestHeader())
    [info] = loose_json.decode_any(reply.body)["data"]["P1"]
    wanted = genuine("get_all_producer_info")["data"]["P1"][0]
    assert info.keys() == wanted.keys()
    assert info["remoteIP"] == "/192.0.2.1:4711"
    assert info["lastUpdateTimestamp"] == side.now_ms - 3000
