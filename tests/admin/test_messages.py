import pytest
from client_kit import result_of
from groups_kit import ADDRESS, BrokerCluster
from read_side import BROKER

from twistedmq.admin.client import Admin
from twistedmq.admin.errors import MessageNotFoundError
from twistedmq.admin.messages import Messages, has_no_route
from twistedmq.client.errors import (
    BrokerNotFoundError,
    RefusedError,
    RouteNotFoundError,
)
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.testing.batches import Told

QUEUE = MessageQueue("T", BROKER, 0)
UNIQUE = "7F00000104D218B4AAC21B5A50760001"
"""As clients make them; it looks like an id of a broker, but for its port."""
NO_PROCESS = "7F00000100002A9F0000000000000777"
"""One that leads to a broker that does not have it."""


@pytest.fixture
def cluster() -> BrokerCluster:
    cluster = BrokerCluster()
    cluster.side.topic("T", queues=2)
    cluster.side.append(
        Told(topic="T", body=b"one", tag="new", keys="k1 k2", unique_key=UNIQUE),
        Told(topic="T", body=b"two", tag="paid", keys="k2"),
        Told(topic="T", body=b"three", queue_id=1, unique_key=NO_PROCESS),
    )
    return cluster


@pytest.fixture
def messages(cluster: BrokerCluster) -> Messages:
    return result_of(Admin(settings=cluster.settings()).start()).messages


def test_a_message_by_both_of_its_ids(messages: Messages) -> None:
    stored = result_of(messages.by_id("T", UNIQUE))
    assert stored.message.body == b"one"
    assert stored.message.queue == QUEUE
    again = result_of(messages.by_id("T", stored.message.offset_message_id))
    assert again.record == stored.record
    assert again.message.message_id == UNIQUE
    alike = result_of(messages.by_id("T", NO_PROCESS))
    assert alike.message.body == b"three"


def test_a_message_that_is_not_there(messages: Messages) -> None:
    with pytest.raises(MessageNotFoundError, match="nonsense"):
        result_of(messages.by_id("T", "nonsense"))
    with pytest.raises(RefusedError, match="can not find"):
        result_of(messages.at_offset(ADDRESS, "T", 5))
    with pytest.raises(RefusedError, match="can not find"):
        result_of(messages.by_id("T", "7F00000100002A9F0000000000000005"))
    with pytest.raises(MessageNotFoundError, match="'k9'"):
        result_of(messages.by_key("T", "k9"))
    with pytest.raises(MessageNotFoundError, match="at 44"):
        result_of(messages.at(QUEUE, 44))
    with pytest.raises(RouteNotFoundError):
        result_of(messages.by_key("NOPE", "k1"))


def test_messages_by_key(cluster: BrokerCluster, messages: Messages) -> None:
    found = result_of(messages.by_key("T", "k2"))
    assert [each.message.body for each in found] == [b"one", b"two"]
    found = result_of(messages.by_key("T", "k1", cluster="DefaultCluster"))
    assert [each.message.body for each in found] == [b"one"]
    with pytest.raises(MessageNotFoundError):
        result_of(messages.by_key("T", "k1", cluster="other"))
    with pytest.raises(MessageNotFoundError):
        result_of(messages.by_key("T", "k1", until_ms=5))
    asked = [h for _, c, h in cluster.requests if c == RequestCode.QUERY_MESSAGE]
    assert asked[-1].end_timestamp == 5


def test_brokers_that_do_not_answer_are_passed_over(
    cluster: BrokerCluster, messages: Messages
) -> None:
    cluster.down.add("192.0.2.77:10911")
    cluster.addresses["broker-z"] = "192.0.2.77:10911"
    cluster.refuse[RequestCode.QUERY_MESSAGE] = (1, "no")
    with pytest.raises(MessageNotFoundError):
        result_of(messages.by_key("T", "k2"))


def test_a_queue_is_looked_into(messages: Messages) -> None:
    slice_ = result_of(messages.read(QUEUE, 0))
    assert [each.message.body for each in slice_.found] == [b"one", b"two"]
    assert (slice_.least, slice_.end, slice_.next_offset) == (0, 2, 2)
    tagged = result_of(messages.read(QUEUE, 0, expression="paid"))
    assert [each.message.body for each in tagged.found] == [b"two"]
    end = result_of(messages.read(QUEUE, 2))
    assert (end.code, end.found) == (ResponseCode.PULL_NOT_FOUND, ())
    assert result_of(messages.read(QUEUE, 99)).code == ResponseCode.PULL_OFFSET_MOVED
    assert result_of(messages.at(QUEUE, 1)).message.body == b"two"


def test_queues_and_their_bounds(messages: Messages) -> None:
    assert result_of(messages.queues("T")) == (QUEUE, MessageQueue("T", BROKER, 1))
    assert result_of(messages.bounds(QUEUE)) == (0, 2)
    assert result_of(messages.at_time(QUEUE, 1_800_000_000_000)) == 2
    with pytest.raises(BrokerNotFoundError):
        result_of(messages.bounds(MessageQueue("T", "elsewhere", 0)))


def test_which_topics_have_no_route_of_their_own() -> None:
    assert has_no_route("%LMQ%x")
    assert has_no_route("rmq_sys_wheel_timer")
    assert not has_no_route("T")
