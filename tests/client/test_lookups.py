from typing import Any

import pytest
from client_kit import FakeCluster, result_of
from twisted.internet.defer import Deferred

from twistedmq.client.errors import MessageNotFoundError, RefusedError
from twistedmq.client.lookups import Lookups
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.session import Session
from twistedmq.protocol import loose_json, properties
from twistedmq.protocol.addresses import pack
from twistedmq.protocol.bodies.routes import BrokerData, TopicRouteData
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.message_id import offset_id
from twistedmq.protocol.record import encode_record

UNIQUE = "7F0000010B0A18B4AAC2" + "0" * 12


def find(cluster: FakeCluster, message_id: str) -> ReceivedMessage:
    session = Session(cluster.settings())
    result_of(session.start())
    lookups = Lookups(session.calls, session.routes)
    found = result_of(Deferred.fromCoroutine(lookups.find("T", message_id)))
    assert isinstance(found, ReceivedMessage)
    return found


def test_the_id_of_a_broker_says_where_the_message_is(cluster: FakeCluster) -> None:
    cluster.create("T")
    cluster.put("T", "a")
    [record] = cluster.put("T", "b", queue_id=2)
    found = find(cluster, offset_id(record.store_host, record.physical_offset))
    assert (found.body, found.queue.queue_id) == (b"b", 2)
    assert RequestCode.QUERY_MESSAGE not in cluster.codes()


def test_the_id_of_a_client_is_looked_up(cluster: FakeCluster) -> None:
    cluster.create("T")
    cluster.put("T", "a", **{properties.UNIQ_KEY: UNIQUE})
    assert find(cluster, UNIQUE).body == b"a"
    assert RequestCode.VIEW_MESSAGE_BY_ID not in cluster.codes()
    [header] = [h for _, code, h in cluster.requests if code == 12]
    assert header.is_unique


def test_an_address_of_ipv6_makes_longer_ids(cluster: FakeCluster) -> None:
    cluster.addresses["broker-0"] = "[2001:db8::7]:10911"
    cluster.create("T")
    unique_id = "20010DB8" + "0" * 23 + "7" + UNIQUE[8:]
    [record] = cluster.put("T", "a", **{properties.UNIQ_KEY: unique_id})
    message_id = offset_id(record.store_host, record.physical_offset)
    assert len(message_id) == len(unique_id) == 56
    for text in (message_id, message_id.lower(), unique_id):
        assert find(cluster, text).body == b"a"
    codes = cluster.codes()
    assert codes.count(RequestCode.VIEW_MESSAGE_BY_ID) == 2
    assert codes.count(RequestCode.QUERY_MESSAGE) == 1


@pytest.mark.parametrize("there", ["nothing", "another", "the middle of one"])
def test_an_id_of_a_client_may_look_like_one_of_a_broker(
    cluster: FakeCluster, there: str
) -> None:
    cluster.create("T")
    address = pack("192.0.2.10", 10911)
    unique_id = offset_id(address, 0x18B4AAC200000001)
    cluster.put("T", "a", **{properties.UNIQ_KEY: unique_id})
    [other] = cluster.put("T", "b")
    answers = {
        "nothing": Command(code=ResponseCode.SYSTEM_ERROR, remark="nothing there"),
        "another": Command(code=0, body=encode_record(other)),
        "the middle of one": Command(code=0, body=encode_record(other)[1:]),
    }
    view = RequestCode.VIEW_MESSAGE_BY_ID
    cluster.serve[view] = lambda *_: answers[there]
    assert find(cluster, unique_id).body == b"a"


def test_all_brokers_of_the_topic_are_asked(cluster: FakeCluster) -> None:
    cluster.addresses["broker-1"] = "192.0.2.11:10911"
    cluster.create("T")
    cluster.put("T", "a", **{properties.UNIQ_KEY: UNIQUE})
    assert find(cluster, UNIQUE).queue.broker_name == "broker-0"
    assert cluster.codes().count(RequestCode.QUERY_MESSAGE) == 2


def test_a_broker_that_nobody_is_left_of_is_passed_over(cluster: FakeCluster) -> None:
    cluster.create("T")
    cluster.put("T", "a", **{properties.UNIQ_KEY: UNIQUE})
    get_route = cluster._route

    def with_an_empty_one(address: str, header: Any, body: bytes) -> Command:
        answer = get_route(address, header, body)
        route = loose_json.decode(answer.body, type=TopicRouteData)
        route.broker_datas.insert(0, BrokerData(broker_name="empty"))
        return Command(code=0, body=loose_json.encode(route))

    cluster.serve[RequestCode.GET_ROUTEINFO_BY_TOPIC] = with_an_empty_one
    assert find(cluster, UNIQUE).queue.broker_name == "broker-0"


def test_what_is_not_there_is_an_error(cluster: FakeCluster) -> None:
    cluster.create("T")
    [record] = cluster.put("T", "a")
    for wrong in (UNIQUE, offset_id(record.store_host, 999_999), "no id"):
        with pytest.raises(MessageNotFoundError) as caught:
            find(cluster, wrong)
        assert caught.value.message_id == wrong


@pytest.mark.parametrize(
    "code", [RequestCode.QUERY_MESSAGE, RequestCode.VIEW_MESSAGE_BY_ID]
)
def test_a_refusal_is_passed_on(cluster: FakeCluster, code: int) -> None:
    cluster.create("T")
    [record] = cluster.put("T", "a")
    cluster.refuse[code] = ResponseCode.NO_PERMISSION, "no"
    wanted = {12: UNIQUE, 33: offset_id(record.store_host, record.physical_offset)}
    with pytest.raises(RefusedError):
        find(cluster, wanted[code])
