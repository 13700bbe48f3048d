import zlib

import pytest

from twistedmq.client.received import read_message, read_messages
from twistedmq.client.subscription import Subscription
from twistedmq.protocol import properties
from twistedmq.protocol.addresses import pack
from twistedmq.protocol.batch_body import BatchItem, encode_batch
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.record import Record, RecordError, decode_record, encode_record
from twistedmq.protocol.system_flags import INNER_BATCH, NEED_UNWRAP


def stored(
    body: bytes = b"x", topic: str = "T", sys_flag: int = 0, **own: str
) -> bytes:
    return encode_record(
        Record(
            topic=topic,
            queue_id=2,
            queue_offset=5,
            physical_offset=1000,
            flag=9,
            sys_flag=sys_flag,
            born_ms=11,
            born_host=pack("192.0.2.7", 1234),
            store_ms=12,
            store_host=pack("192.0.2.8", 10911),
            reconsume_times=3,
            body=body,
            properties=properties.format(own),
        )
    )


def test_a_record_becomes_a_message() -> None:
    record = decode_record(
        stored(b"hello", TAGS="a", KEYS="k1 k2", UNIQ_KEY="U", p="v")
    )
    message = read_message(record, "b")
    assert (message.topic, message.body, message.tag) == ("T", b"hello", "a")
    assert message.keys == ("k1", "k2")
    assert message.properties == {"p": "v"}
    assert message.system_properties["UNIQ_KEY"] == "U"
    assert message.message_id == "U"
    assert message.offset_message_id == "C000020800002A9F00000000000003E8"
    assert message.queue == MessageQueue("T", "b", 2)
    assert (message.queue_offset, message.physical_offset) == (5, 1000)
    assert (message.born_at_ms, message.stored_at_ms) == (11, 12)
    assert message.born_host == "192.0.2.7:1234"
    assert message.store_host == "192.0.2.8:10911"
    assert (message.flag, message.reconsume_times) == (9, 3)
    assert message.stored_bytes == record.size


def test_without_a_unique_id_the_place_is_the_id() -> None:
    message = read_message(decode_record(stored()), "b")
    assert message.message_id == message.offset_message_id


def test_a_retried_message_has_its_first_topic() -> None:
    record = decode_record(stored(topic="%RETRY%G", RETRY_TOPIC="T"))
    message = read_message(record, "b")
    assert message.topic == "T"
    assert message.queue.topic == "%RETRY%G"


def test_a_compressed_body_is_unpacked() -> None:
    body = b"long " * 100
    record = decode_record(stored(zlib.compress(body), sys_flag=0x301))
    assert read_message(record, "b").body == body


def test_tags_with_the_same_hash_are_told_apart() -> None:
    records = stored(TAGS="Aa") + stored(TAGS="BB") + stored()
    found = list(read_messages(records, "b", Subscription("T", "Aa")))
    assert [message.tag for message in found] == ["Aa"]
    assert len(list(read_messages(records, "b", Subscription("T")))) == 3


def test_a_torn_answer_is_an_error() -> None:
    with pytest.raises(RecordError):
        list(read_messages(stored()[:-1], "b", Subscription("T")))


def bundle(*items: BatchItem, body: bytes | None = None, **own: str) -> bytes:
    held = encode_batch(items) if body is None else body
    return stored(held, sys_flag=INNER_BATCH | NEED_UNWRAP, INNER_NUM="3", **own)


def item(body: bytes, **own: str) -> BatchItem:
    return BatchItem(4, body, properties.format(own))


THREE = [item(b"0", TAGS="Aa", UNIQ_KEY="U0"), item(b"1", TAGS="BB"), item(b"2", p="v")]


def test_what_holds_a_batch_is_taken_apart() -> None:
    records = bundle(*THREE) + stored(b"single")
    found = list(read_messages(records, "b", Subscription("T")))
    assert [m.body for m in found] == [b"0", b"1", b"2", b"single"]
    assert [m.queue_offset for m in found] == [5, 6, 7, 5]
    assert [m.tag for m in found] == ["Aa", "BB", None, None]
    assert (found[0].message_id, found[1].message_id) == (
        "U0",
        found[0].offset_message_id,
    )
    assert found[2].properties == {"p": "v"}
    assert {m.flag for m in found[:3]} == {4}
    assert sum(m.stored_bytes for m in found[:3]) <= len(bundle(*THREE))


def test_tags_count_for_each_message_of_a_batch() -> None:
    found = list(read_messages(bundle(*THREE), "b", Subscription("T", "Aa")))
    assert [message.body for message in found] == [b"0"]


def test_a_batch_comes_whole_but_is_not_consumed_twice() -> None:
    found = read_messages(bundle(*THREE), "b", Subscription("T"), start=7)
    assert [message.body for message in found] == [b"2"]


@pytest.mark.parametrize("body", [b"torn", encode_batch(THREE)[:-1]])
def test_a_batch_that_cannot_be_taken_apart_is_given_as_it_is(body: bytes) -> None:
    found = list(read_messages(bundle(body=body), "b", Subscription("T")))
    assert [message.body for message in found] == [body]


def test_a_bundle_may_be_compressed() -> None:
    packed = zlib.compress(encode_batch(THREE))
    record = stored(packed, sys_flag=0x301 | INNER_BATCH | NEED_UNWRAP)
    found = list(read_messages(record, "b", Subscription("T")))
    assert [message.body for message in found] == [b"0", b"1", b"2"]
