import pytest
from admin_kit import AdminCluster, told
from client_kit import result_of

from twistedmq.admin.client import Admin
from twistedmq.admin.errors import NotThereError
from twistedmq.admin.queues import Queues
from twistedmq.protocol.bodies.entries import (
    ConsumeQueueData,
    QueryConsumeQueueResponseBody,
)
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.errors import InvalidParameterError

BROKER = "192.0.2.10:10911"
QUEUE = MessageQueue("T", "broker-0", 1)


@pytest.fixture
def cluster() -> AdminCluster:
    return AdminCluster()


@pytest.fixture
def queues(cluster: AdminCluster) -> Queues:
    return result_of(Admin(settings=cluster.settings()).start()).queues  # type: ignore[no-any-return]


def test_entries_are_shown(cluster: AdminCluster, queues: Queues) -> None:
    found = QueryConsumeQueueResponseBody(
        max_queue_index=2, queue_data=[ConsumeQueueData(physic_offset=260)]
    )
    cluster.answers[RequestCode.QUERY_CONSUME_QUEUE] = told(found)
    assert result_of(queues.entries(BROKER, QUEUE, 5, 3, "G")) == found
    [(address, header)] = cluster.asked(RequestCode.QUERY_CONSUME_QUEUE)
    assert address == BROKER
    assert (header.topic, header.queue_id, header.index) == ("T", 1, 5)
    assert (header.count, header.consumer_group) == (3, "G")


def test_an_entry_may_not_be_there(cluster: AdminCluster, queues: Queues) -> None:
    cluster.answers[RequestCode.QUERY_CONSUME_QUEUE] = told()
    with pytest.raises(NotThereError, match="no entry '44 in T/1'"):
        result_of(queues.entries(BROKER, QUEUE, 44, 3))


def test_at_least_one_entry_is_asked_for(cluster: AdminCluster, queues: Queues) -> None:
    with pytest.raises(InvalidParameterError, match="count is 0"):
        result_of(queues.entries(BROKER, QUEUE, 0, 0))
    assert not cluster.requests
