import pytest
from client_kit import FakeCluster, result_of

from twistedmq.client.errors import BrokerNotFoundError, RefusedError
from twistedmq.client.producer import Producer
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.recall_handle import RecallHandle, RecallHandleError


@pytest.fixture
def producer(cluster: FakeCluster) -> Producer:
    cluster.create("T", queues=4)
    return result_of(Producer("P", settings=cluster.settings()).start())


def test_a_message_that_waits_can_be_called_back(
    cluster: FakeCluster, producer: Producer
) -> None:
    handle = RecallHandle("T", "broker-0", "1700000000000", "ID7").encode()
    cluster.serve[RequestCode.RECALL_MESSAGE] = lambda address, header, body: Command(
        code=0, fields={"msgId": "ID7"}
    )
    assert result_of(producer.recall("T", handle)) == "ID7"
    address, _, header = cluster.requests[-1]
    assert address == cluster.addresses["broker-0"]
    assert (header.topic, header.recall_handle) == ("T", handle)
    assert (header.producer_group, header.target_broker) == ("P", "broker-0")


def test_what_cannot_be_called_back_is_told(
    cluster: FakeCluster, producer: Producer
) -> None:
    asked = len(cluster.requests)
    with pytest.raises(RecallHandleError):
        result_of(producer.recall("T", "no handle"))
    handle = RecallHandle("T", "broker-9", "1700000000000", "ID7").encode()
    with pytest.raises(MessageIllegalError):
        result_of(producer.recall("", handle))
    assert len(cluster.requests) == asked
    with pytest.raises(BrokerNotFoundError):
        result_of(producer.recall("T", handle))
    cluster.refuse[RequestCode.RECALL_MESSAGE] = ResponseCode.NO_PERMISSION, "off"
    handle = RecallHandle("T", "broker-0", "1700000000000", "ID7").encode()
    with pytest.raises(RefusedError, match="off"):
        result_of(producer.recall("T", handle))
