import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.client.errors import ArgumentError
from twistedmq.client.namespace import SHARED_GROUPS, Namespace
from twistedmq.protocol import names, properties
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.headers.pop import AckMessageRequestHeader
from twistedmq.protocol.headers.send import (
    ConsumerSendMsgBackRequestHeader,
    SendMessageRequestHeaderV2,
)
from twistedmq.protocol.record import Record, decode_records, encode_record

SHOP = Namespace("shop")
NAMES = st.text("abc_-|%+", min_size=1, max_size=20)
KINDS = st.sampled_from(["", names.RETRY_PREFIX, names.DLQ_PREFIX])


@pytest.mark.parametrize(
    ("bare", "whole"),
    [
        ("orders", "shop%orders"),
        ("%RETRY%billing", "%RETRY%shop%billing"),
        ("%DLQ%billing", "%DLQ%shop%billing"),
        ("TBW102", "TBW102"),
        ("RMQ_SYS_TRACE_TOPIC", "RMQ_SYS_TRACE_TOPIC"),
        ("rmq_sys_wheel_timer", "rmq_sys_wheel_timer"),
        ("", ""),
    ],
)
def test_a_topic_has_its_namespace_in_front(bare: str, whole: str) -> None:
    assert SHOP.topic(bare) == whole
    assert SHOP.bare(whole) == bare
    queue = MessageQueue(bare, "broker-a", 3)
    assert SHOP.queue(queue) == MessageQueue(whole, "broker-a", 3)
    assert SHOP.bare_queue(SHOP.queue(queue)) == queue


def test_a_group_too_but_for_those_that_all_clients_have() -> None:
    assert SHOP.group("billing") == "shop%billing"
    assert SHOP.bare("shop%billing") == "billing"
    for shared in (*SHARED_GROUPS, "CID_RMQ_SYS_TRANS", ""):
        assert SHOP.group(shared) == shared


def test_what_belongs_to_others_keeps_their_namespace() -> None:
    for whole in ("bank%orders", "%RETRY%bank%billing", "orders", "shopping%x"):
        assert SHOP.bare(whole) == whole


@given(KINDS, NAMES)
def test_what_is_put_on_comes_off_again(kind: str, name: str) -> None:
    bare = kind + name
    if kind != names.RETRY_PREFIX and "+" not in bare:
        assert SHOP.bare(SHOP.topic(bare)) == bare
    if "shop" not in bare:
        assert SHOP.bare(SHOP.group(bare)) == bare


@pytest.mark.parametrize("separator", ["+", "_"])
def test_the_retry_topic_of_a_group_that_pops_has_it_twice(separator: str) -> None:
    bare = f"%RETRY%my_group{separator}my_topic"
    whole = f"%RETRY%shop%my_group{separator}shop%my_topic"
    assert SHOP.topic_of(bare, "my_group") == whole
    assert SHOP.bare(whole) == bare
    header = AckMessageRequestHeader(
        consumer_group="my_group", topic=bare, queue_id=0, extra_info="", offset=0
    )
    sent = SHOP.header(header)
    assert (sent.consumer_group, sent.topic) == ("shop%my_group", whole)
    assert SHOP.bare_header(sent) == header


@pytest.mark.parametrize("name", ["", "a%b", "a b", "ä", "a\n"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        Namespace(name)
    assert (caught.value.field, caught.value.value) == ("namespace", name)


def test_a_topic_must_not_be_too_long_with_it() -> None:
    assert len(SHOP.topic("t" * 122)) == 127
    with pytest.raises(MessageIllegalError) as caught:
        SHOP.topic("t" * 123)
    assert caught.value.limit == 127


def test_a_message_that_is_sent_says_where_it_belongs() -> None:
    stored = {
        properties.TAGS: "new",
        properties.PRODUCER_GROUP: "billing",
        properties.RETRY_TOPIC: "orders",
    }
    header = SendMessageRequestHeaderV2(
        producer_group="billing",
        topic="%RETRY%billing",
        default_topic=names.AUTO_CREATE_TOPIC,
        default_topic_queue_nums=4,
        queue_id=0,
        sys_flag=0,
        born_timestamp=0,
        flag=0,
        properties=properties.format(stored).decode(),
    )
    sent = SHOP.header(header)
    assert (sent.producer_group, sent.topic) == ("shop%billing", "%RETRY%shop%billing")
    assert sent.default_topic == "TBW102"
    assert properties.parse(sent.properties) == {
        properties.TAGS: "new",
        properties.PRODUCER_GROUP: "shop%billing",
        properties.RETRY_TOPIC: "shop%orders",
        properties.INSTANCE_ID: "shop",
    }
    header.topic = names.TRACE_TOPIC  # everybody's
    assert SHOP.header(header).properties == header.properties


def test_a_message_that_is_given_back_names_its_topic() -> None:
    header = ConsumerSendMsgBackRequestHeader(
        offset=0, group="billing", delay_level=0, origin_topic="orders"
    )
    sent = SHOP.header(header)
    assert (sent.group, sent.origin_topic) == ("shop%billing", "shop%orders")


def test_records_lose_it_and_nothing_else() -> None:
    stored = {
        properties.TAGS: "shop%new",
        properties.RETRY_TOPIC: "shop%orders",
        properties.PRODUCER_GROUP: "shop%billing",
        properties.INSTANCE_ID: "shop",
    }
    own = Record(
        topic="%RETRY%shop%billing",
        queue_id=3,
        queue_offset=4,
        physical_offset=5,
        reconsume_times=2,
        born_host=bytes([10, 0, 0, 1, 0, 0, 0, 9]),
        store_host=bytes(20),
        body=b"shop%body",
        properties=properties.format(stored),
    )
    other = Record(topic="bank%orders", body=b"x")
    records = encode_record(own) + encode_record(other)
    mine, theirs = decode_records(SHOP.bare_records(records))
    assert mine.topic == "%RETRY%billing"
    assert properties.parse(mine.properties) == {
        properties.TAGS: "shop%new",
        properties.RETRY_TOPIC: "orders",
        properties.PRODUCER_GROUP: "billing",
        properties.INSTANCE_ID: "shop",
    }
    before = decode_records(records)[0]
    for field in before.__struct_fields__:
        if field not in {"topic", "properties", "size"}:
            assert getattr(mine, field) == getattr(before, field), field
    assert encode_record(theirs) == encode_record(other)
    assert SHOP.bare_records(b"no records") == b"no records"
