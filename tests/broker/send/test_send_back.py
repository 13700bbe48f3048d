from collections.abc import Callable

import pytest
from twisted.internet.defer import Deferred
from write_side import HOST, WriteSide, command_of, genuine_pairs

from twistedmq.broker.delay.restoring import columns, restore
from twistedmq.protocol.bodies import (
    ExponentialRetryPolicy,
    GroupRetryPolicy,
    GroupRetryPolicyType,
    SubscriptionGroupConfig,
)
from twistedmq.protocol.codec import decode_command
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import (
    GroupNotFoundError,
    PermissionDeniedError,
    TwistedMQError,
)
from twistedmq.protocol.headers import ConsumerSendMsgBackRequestHeader
from twistedmq.protocol.message_id import offset_id
from twistedmq.protocol.names import HALF_TOPIC, SCHEDULE_TOPIC, TIMER_TOPIC
from twistedmq.protocol.properties import parse, tags_code
from twistedmq.protocol.record import Record, decode_record, encode_record
from twistedmq.protocol.send_batch import SendBatch
from twistedmq.remoting.dispatch import Dispatcher
from twistedmq.testing.connections import FakeConnection, make_request

BORN = b"\x0a\0\0\1" + (4711).to_bytes(4)


class Consumer:
    """A consumer that cannot consume the one message there is."""

    def __init__(self) -> None:
        self.side = WriteSide()
        self.store = self.side.store
        self.handlers = self.side.send_back_handlers()
        self.store.append(message(b"TAGS\x01a\x02KEYS\x01k\x02DELAY\x011\x02"))

    def send_back(self, **fields: int | str | bool) -> Reply | Deferred[Reply]:
        values = {"offset": 0, "group": "g", "delay_level": 0}
        header = ConsumerSendMsgBackRequestHeader(**values | fields)  # type: ignore[arg-type]
        code = RequestCode.CONSUMER_SEND_MSG_BACK
        return self.handlers.table()[code](make_request(code, header))

    def stored(self, topic: str, queue_id: int = 0, offset: int = 0) -> Record:
        [entry] = self.store.entries(topic, queue_id, offset, 1)
        found = self.store.record_at(entry.physical_offset)
        assert isinstance(found, bytes | memoryview)
        return decode_record(found)

    def waits(self, level: int, offset: int = 0) -> Record:
        """Give what waits in a level's queue."""
        return self.stored(SCHEDULE_TOPIC, level - 1, offset)


def message(properties: bytes, reconsumed: int = 0, sys_flag: int = 0) -> SendBatch:
    return SendBatch(
        topics=["T"],
        queue_ids=[1],
        flags=[7],
        sys_flags=[sys_flag],
        born_ms=[11],
        born_hosts=[BORN],
        reconsume_times=[reconsumed],
        prepared_offsets=[0],
        properties=[properties],
        tags_codes=[tags_code("a")],
        bodies=[b"hello"],
    )


@pytest.fixture
def consumer() -> Consumer:
    return Consumer()


def test_a_message_waits_for_the_retry_topic_of_its_group(consumer: Consumer) -> None:
    assert consumer.send_back() == Reply()
    again = consumer.waits(3)
    [entry] = consumer.store.entries(SCHEDULE_TOPIC, 2, 0, 1)
    assert entry.tags_code == again.store_ms + 10_000
    assert (again.body, again.flag, again.born_ms) == (b"hello", 7, 11)
    assert again.born_host == BORN
    assert again.reconsume_times == 1
    assert parse(again.properties) == {
        "TAGS": "a",
        "KEYS": "k",
        "RETRY_TOPIC": "T",
        "ORIGIN_MESSAGE_ID": offset_id(HOST, 0),
        "WAIT": "false",
        "DELAY": "3",
        "REAL_TOPIC": "%RETRY%g",
        "REAL_QID": "0",
    }
    config = consumer.side.topics.get("%RETRY%g")
    assert config is not None
    assert (config.write_queue_nums, config.perm, config.topic_sys_flag) == (1, 6, 0)


@pytest.mark.parametrize(("asked", "level"), [(1, 1), (18, 18), (99, 18)])
def test_the_consumer_may_ask_for_a_level(
    consumer: Consumer, asked: int, level: int
) -> None:
    consumer.send_back(delay_level=asked)
    assert parse(consumer.waits(level).properties)["DELAY"] == str(level)


def test_a_group_may_have_a_policy_of_its_own(consumer: Consumer) -> None:
    policy = GroupRetryPolicy(
        type=GroupRetryPolicyType.EXPONENTIAL,
        exponential_retry_policy=ExponentialRetryPolicy(initial=60_000),
    )
    consumer.side.groups.put(
        SubscriptionGroupConfig(group_name="g", group_retry_policy=policy)
    )
    consumer.send_back()
    assert parse(consumer.waits(5).properties)["DELAY"] == "5"
    consumer.send_back(delay_level=1)
    assert consumer.waits(1).reconsume_times == 1


@pytest.mark.parametrize("topic", [HALF_TOPIC, SCHEDULE_TOPIC, TIMER_TOPIC])
def test_what_no_consumer_can_have_got_does_not_come_back(
    consumer: Consumer, topic: str
) -> None:
    half = message(b"")
    half.topics[0] = topic
    place = consumer.store.append(half).physical_offsets[0]
    with pytest.raises(TwistedMQError, match=f"by offset failed, {place}"):
        consumer.send_back(offset=place)


def test_where_it_came_from_is_not_forgotten_on_the_way(consumer: Consumer) -> None:
    consumer.send_back()
    [waiting] = restore([encode_record(consumer.waits(3))]).messages
    back = consumer.store.append(columns([waiting])).physical_offsets[0]
    consumer.send_back(offset=back)
    again = consumer.waits(4)
    assert again.reconsume_times == 2
    properties = parse(again.properties)
    assert properties["RETRY_TOPIC"] == "T"
    assert properties["ORIGIN_MESSAGE_ID"] == offset_id(HOST, 0)


@pytest.mark.parametrize(
    "fields", [{"max_reconsume_times": 0}, {"delay_level": -1}, {"group": "strict"}]
)
def test_what_was_tried_often_enough_is_given_up(
    consumer: Consumer, fields: dict[str, int | str]
) -> None:
    consumer.side.groups.put(
        SubscriptionGroupConfig(group_name="strict", retry_max_times=0)
    )
    consumer.send_back(**fields)
    topic = f"%DLQ%{fields.get('group', 'g')}"
    dead = consumer.stored(topic)
    assert (dead.body, parse(dead.properties)["DELAY"]) == (b"hello", "0")
    config = consumer.side.topics.get(topic)
    assert config is not None
    assert config.write_queue_nums == 1


def test_the_retry_topic_has_as_many_queues_as_the_group_wants(
    consumer: Consumer,
) -> None:
    group = SubscriptionGroupConfig(group_name="g", retry_queue_nums=3)
    consumer.side.groups.put(group)
    for _ in range(30):
        consumer.send_back(unit_mode=True)
    waiting = [parse(consumer.waits(3, n).properties) for n in range(30)]
    assert {properties["REAL_QID"] for properties in waiting} == {"0", "1", "2"}
    config = consumer.side.topics.get("%RETRY%g")
    assert config is not None
    assert (config.write_queue_nums, config.topic_sys_flag) == (3, 2)


def test_a_group_without_retry_queues_wants_nothing_back(consumer: Consumer) -> None:
    group = SubscriptionGroupConfig(group_name="g", retry_queue_nums=0)
    consumer.side.groups.put(group)
    assert consumer.send_back() == Reply()
    assert "%RETRY%g" not in consumer.side.topics


def test_an_unknown_group_is_told_as_such(consumer: Consumer) -> None:
    consumer.side.group_defaults.replace(auto_create=False)
    with pytest.raises(GroupNotFoundError):
        consumer.send_back()


@pytest.mark.parametrize("offset", [1, 77777777])
def test_a_message_that_is_not_there_cannot_come_back(
    consumer: Consumer, offset: int
) -> None:
    with pytest.raises(TwistedMQError, match=f"by offset failed, {offset}") as caught:
        consumer.send_back(offset=offset)
    assert caught.value.code == 1


def forbid_broker(consumer: Consumer) -> None:
    consumer.side.identity.replace(permission=4)


def forbid_topic(consumer: Consumer) -> None:
    consumer.side.topics.create_if_absent("%RETRY%g", perm=4)


@pytest.mark.parametrize(
    ("forbid", "remark"),
    [
        (forbid_broker, "the broker[broker-a] sending message is forbidden"),
        (forbid_topic, "the topic[%RETRY%g] sending message is forbidden"),
    ],
)
def test_permissions_hold(
    consumer: Consumer, forbid: Callable[[Consumer], None], remark: str
) -> None:
    forbid(consumer)
    with pytest.raises(PermissionDeniedError) as caught:
        consumer.send_back()
    assert str(caught.value) == remark


def test_the_answer_waits_for_a_new_topic_to_be_known(consumer: Consumer) -> None:
    settled: Deferred[None] = Deferred()
    inner = consumer.side.inner(settled=lambda: settled)
    consumer.handlers = consumer.side.send_back_handlers(inner=inner)
    answer = consumer.send_back()
    assert isinstance(answer, Deferred)
    assert not answer.called
    settled.callback(None)
    assert answer.called


def test_genuine_requests_get_the_genuine_codes() -> None:
    for request, answer in genuine_pairs("consumer_send_msg_back"):
        assert answer is not None
        consumer = Consumer()
        command = command_of(request)
        if answer["response_code"] == 0:
            command.fields["offset"] = "0"  # where this store has its message
        dispatcher = Dispatcher(consumer.handlers.table())
        buffers = dispatcher.answer(command, FakeConnection())
        assert not isinstance(buffers, Deferred)
        ours = decode_command(b"".join(buffers)[4:])
        assert ours.code == answer["response_code"]
        assert ours.remark == answer["header"].get("remark")
