import zlib

import pytest

from twistedmq.client.received import read_message, read_messages
from twistedmq.client.subscription import Subscription
from twistedmq.protocol import properties
from twistedmq.protocol.addresses import pack
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.record import Record, RecordError, decode_record, encode_record


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
