from typing import Any, cast

import pytest
from client_kit import FakeCluster, FakePool, result_of
from twisted.internet.defer import Deferred, succeed

from twistedmq.client.calls import BrokerCalls
from twistedmq.client.errors import RefusedError
from twistedmq.protocol.bodies.clients import ConsumerData, HeartbeatData
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.headers.pull import PullMessageRequestHeader

QUEUE = MessageQueue("T", "broker-0", 0)


@pytest.fixture
def calls(cluster: FakeCluster) -> BrokerCalls:
    cluster.create("T", queues=1)
    return BrokerCalls(FakePool(cluster))


@pytest.fixture
def address(cluster: FakeCluster) -> str:
    return cluster.addresses["broker-0"]


def test_members_are_those_who_gave_a_heartbeat(
    calls: BrokerCalls, address: str
) -> None:
    data = HeartbeatData(
        client_id="me", consumer_data_set=[ConsumerData(group_name="G")]
    )
    result_of(calls.heartbeat(address, data))
    assert result_of(calls.members(address, "G")) == ["me"]


def test_an_offset_may_not_be_there(
    cluster: FakeCluster, calls: BrokerCalls, address: str
) -> None:
    assert result_of(calls.committed(address, "G", QUEUE)) is None
    assert result_of(calls.committed(address, "G", QUEUE, zero_if_new=False)) is None
    told = [header.set_zero_if_not_found for _, _, header in cluster.requests]
    assert told == [None, False]
    result_of(calls.commit(address, "G", QUEUE, 7))
    assert result_of(calls.committed(address, "G", QUEUE)) == 7
    cluster.refuse[RequestCode.QUERY_CONSUMER_OFFSET] = ResponseCode.SYSTEM_ERROR, "?"
    with pytest.raises(RefusedError):
        result_of(calls.committed(address, "G", QUEUE))


def test_queues_have_two_ends(
    cluster: FakeCluster, calls: BrokerCalls, address: str
) -> None:
    [record] = cluster.put("T", "a")
    cluster.min_offsets[QUEUE] = 1
    assert result_of(calls.max_offset(address, QUEUE)) == 1
    assert result_of(calls.min_offset(address, QUEUE)) == 1
    assert result_of(calls.offset_at(address, QUEUE, record.store_ms)) == 0
    assert result_of(calls.offset_at(address, QUEUE, record.store_ms + 1)) == 1


def test_a_refused_pull_is_an_error(
    cluster: FakeCluster, calls: BrokerCalls, address: str
) -> None:
    cluster.refuse[RequestCode.PULL_MESSAGE] = ResponseCode.NO_PERMISSION, "no"
    header = PullMessageRequestHeader(
        consumer_group="G",
        topic="T",
        queue_id=0,
        queue_offset=0,
        max_msg_nums=1,
        sys_flag=0,
        commit_offset=0,
        suspend_timeout_millis=0,
        sub_version=0,
    )
    with pytest.raises(RefusedError):
        result_of(calls.pull(address, header, 1.0))


def test_a_question_may_take_its_own_time() -> None:
    limits: list[float] = []

    class Pool:
        def request(
            self, address: str, code: int, header: Any, body: bytes, timeout_s: float
        ) -> Deferred[Command]:
            limits.append(timeout_s)
            return succeed(Command(code=0))

    calls = BrokerCalls(cast("Any", Pool()))
    result_of(calls.ask("a:1", 28))
    result_of(calls.ask("a:1", 28, timeout_s=50.0))
    assert limits == [5.0, 50.0]
