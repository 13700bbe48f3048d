from random import Random

import pytest
from admin_kit import AdminCluster, told
from client_kit import FakeCluster, result_of
from groups_kit import ADDRESS, BrokerCluster
from read_side import BROKER
from twisted.internet.task import Clock

from twistedmq.admin.client import Admin
from twistedmq.admin.errors import MessageNotFoundError
from twistedmq.admin.messages import Messages, StoredMessage, has_no_route
from twistedmq.client.errors import (
    BrokerNotFoundError,
    RefusedError,
    RouteNotFoundError,
)
from twistedmq.protocol import properties
from twistedmq.protocol.addresses import format_address, pack
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.message_id import UniqueIdFactory, offset_id
from twistedmq.protocol.record import Record, encode_record
from twistedmq.remoting.errors import ConnectError
from twistedmq.testing.batches import Told

VIEW, QUERY = RequestCode.VIEW_MESSAGE_BY_ID, RequestCode.QUERY_MESSAGE
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


@pytest.mark.parametrize("host", ["192.0.2.44", "2001:db8::7"])
class TestTheTwoKindsOfIds:
    """They have the same length: 32 digits, or 56 where the address is an IPv6 one."""

    OFFSET = 0x777

    @pytest.fixture
    def asked(self) -> AdminCluster:
        """A cluster that has the topic, and no message."""
        asked = AdminCluster()
        asked.create("T")
        nothing = Command(code=ResponseCode.QUERY_NOT_FOUND, remark="no such key")
        asked.answers[VIEW] = Command(code=ResponseCode.SYSTEM_ERROR, remark="nothing")
        asked.answers[QUERY] = nothing
        return asked

    def record(self, host: str, port: int, unique_id: str = "") -> bytes:
        stored = {properties.UNIQ_KEY: unique_id} if unique_id else {}
        record = Record(
            topic="T",
            body=b"x",
            store_host=pack(host, port),
            physical_offset=self.OFFSET,
            properties=properties.format(stored),
        )
        return encode_record(record)

    def by_id(self, asked: AdminCluster, message_id: str) -> StoredMessage:
        admin = result_of(Admin(settings=asked.settings()).start())
        stored: StoredMessage = result_of(admin.messages.by_id("T", message_id))
        return stored

    def unique_id(self, host: str, pid: int) -> str:
        return UniqueIdFactory(pack(host, 0), pid, Random(1), lambda: 0).next()

    def test_that_of_a_broker_says_where(self, asked: AdminCluster, host: str) -> None:
        message_id = offset_id(pack(host, 10911), self.OFFSET)
        assert len(message_id) == len(self.unique_id(host, 4711))
        asked.answers[VIEW] = told(self.record(host, 10911, "UNIQUE"))
        for text in (message_id, message_id.lower()):
            stored = self.by_id(asked, text)
            assert stored.message.message_id == "UNIQUE"
        (address, header), _ = asked.asked(VIEW)
        assert (address, header.offset) == (format_address(host, 10911), self.OFFSET)
        assert not asked.asked(QUERY)

    def test_that_of_a_client_is_looked_for(
        self, asked: AdminCluster, host: str
    ) -> None:
        message_id = self.unique_id(host, 4711)
        asked.answers[QUERY] = told(self.record("192.0.2.10", 10911, message_id))
        assert self.by_id(asked, message_id).message.message_id == message_id
        assert not asked.asked(VIEW)  # no port is that high

    @pytest.mark.parametrize("there", ["nothing", "another", "the middle of one"])
    def test_even_if_it_looks_like_that_of_a_broker(
        self, asked: AdminCluster, host: str, there: str
    ) -> None:
        message_id = self.unique_id(host, 0)
        place = bytes.fromhex(message_id)[:-8]
        port = int.from_bytes(place[-4:]) & 0xFFFF
        message_id = (place[:-4] + port.to_bytes(4)).hex().upper() + message_id[-16:]
        asked.answers[QUERY] = told(self.record("192.0.2.10", 10911, message_id))
        if there != "nothing":
            other = self.record(host, port)
            asked.answers[VIEW] = told(other if there == "another" else other[1:])
        assert self.by_id(asked, message_id).message.message_id == message_id
        assert len(asked.asked(VIEW)) == 1
        asked.answers[QUERY] = Command(code=ResponseCode.QUERY_NOT_FOUND)
        expected = RefusedError if there == "nothing" else MessageNotFoundError
        with pytest.raises(expected):
            self.by_id(asked, message_id)


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


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (ResponseCode.QUERY_NOT_FOUND, MessageNotFoundError),
        (ResponseCode.SYSTEM_ERROR, RefusedError),
    ],
)
def test_there_is_none_only_if_all_brokers_say_so(
    cluster: BrokerCluster,
    messages: Messages,
    code: ResponseCode,
    error: type[Exception],
) -> None:
    cluster.refuse[RequestCode.QUERY_MESSAGE] = (code, "no")
    with pytest.raises(error):
        result_of(messages.by_key("T", "k2"))


def test_a_broker_that_is_away_hides_nothing_of_the_others() -> None:
    cluster = FakeCluster(Clock(), brokers=2)
    cluster.create("T", queues=1)
    queue = MessageQueue("T", "broker-1", 0)
    cluster.append(queue, Record(topic="T", body=b"one"), {"UNIQ_KEY": "k"})
    cluster.down.add(cluster.addresses["broker-0"])
    found = result_of(Admin(settings=cluster.settings()).start()).messages
    [stored] = result_of(found.by_unique_id("T", "k"))
    assert stored.message.body == b"one"
    with pytest.raises(ConnectError):
        result_of(found.by_unique_id("T", "none"))


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
