import zlib
from typing import Any

import pytest

from twistedmq.client.errors import ArgumentError
from twistedmq.client.message import Message
from twistedmq.client.packing import Packer, PackingRules
from twistedmq.protocol import properties
from twistedmq.protocol.batch_body import decode_batch
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.compression import CompressionError, decompress_body
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.system_flags import compression_type


def packer(**rules: Any) -> Packer:
    ids = iter(f"ID{n}" for n in range(100))
    return Packer(PackingRules(**rules), lambda: next(ids))


def test_a_message_gets_its_id_and_goes_as_it_is() -> None:
    parcel = packer().pack(Message("T", b"hello", tag="a"))
    assert parcel.unique_ids == ("ID0",)
    assert (parcel.body, parcel.sys_flag) == (b"hello", 0)
    assert properties.parse(parcel.properties) == {
        "TAGS": "a",
        "WAIT": "true",
        "UNIQ_KEY": "ID0",
    }
    assert parcel.code == RequestCode.SEND_MESSAGE_V2


def test_a_large_body_is_compressed() -> None:
    body = b"a" * 4096
    parcel = packer().pack(Message("T", body))
    assert zlib.decompress(parcel.body) == body
    assert parcel.sys_flag == 0x301  # compressed, by zlib
    assert packer().pack(Message("T", body[1:])).sys_flag == 0


def test_what_compression_makes_larger_goes_as_it_is() -> None:
    body = bytes(range(256))
    parcel = packer(compress_over_bytes=1).pack(Message("T", body))
    assert (parcel.body, parcel.sys_flag) == (body, 0)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("zlib", 3), ("lz4", 1), ("ZSTD", 2), (2, 2)],
)
def test_the_compression_is_chosen_by_name(name: str | int, kind: int) -> None:
    body = b"a" * 4096
    parcel = packer(compression=name).pack(Message("T", body))
    assert compression_type(parcel.sys_flag) == kind
    assert decompress_body(parcel.sys_flag, parcel.body) == body


def test_a_compression_that_is_not_there_is_told_at_once() -> None:
    with pytest.raises(CompressionError, match="'rar', not one of lz4, zlib, zstd"):
        packer(compression="rar")


@pytest.mark.parametrize(
    ("message", "problem", "facts"),
    [
        (
            Message("bad topic", b"x"),
            "illegal characters",
            ("topic", "bad topic", "^[%|a-zA-Z0-9_-]+$"),
        ),
        (Message("", b"x"), "blank", ("topic", "", "^[%|a-zA-Z0-9_-]+$")),
        (Message("T" * 128, b"x"), "longer", ("topic", "T" * 128, 127)),
        (
            Message("SCHEDULE_TOPIC_XXXX", b"x"),
            "nobody may send",
            ("topic", "SCHEDULE_TOPIC_XXXX", "no topic of the system's own"),
        ),
        (Message("T", b""), "empty", ("body", 0, 1)),
        (
            Message("T", b"x" * 101),
            "max_message_bytes is 100",
            ("body", 101, 100),
        ),
        (
            Message("T", b"x", properties={"p": "v" * 32767}),
            "properties have 32793 bytes",
            ("properties", 32793, 32767),
        ),
    ],
)
def test_what_cannot_be_sent_is_refused(
    message: Message, problem: str, facts: tuple[object, ...]
) -> None:
    with pytest.raises(MessageIllegalError, match=problem) as raised:
        packer(max_message_bytes=100).pack(message)
    error = raised.value
    assert (error.field, error.value, error.limit) == facts


def test_a_batch_is_one_body() -> None:
    messages = [Message("T", b"a", tag="x", flag=7), Message("T", b"b")]
    parcel = packer().pack_batch(messages)
    assert parcel.unique_ids == ("ID0", "ID1")
    assert parcel.code == RequestCode.SEND_BATCH_MESSAGE
    items = decode_batch(parcel.body)
    assert [(item.flag, item.body) for item in items] == [(7, b"a"), (0, b"b")]
    own = [properties.parse(item.properties) for item in items]
    assert [each["UNIQ_KEY"] for each in own] == ["ID0", "ID1"]
    assert own[0]["TAGS"] == "x"


@pytest.mark.parametrize(
    ("messages", "problem"),
    [
        ([], "at least one"),
        ([Message("T", b"a"), Message("U", b"b")], "one topic"),
        ([Message("T", b"a", delay_level=1)], "delayed"),
        ([Message("T", b"a", delay_s=1)], "delayed"),
        ([Message("%RETRY%G", b"a")], "retried"),
        ([Message("T", b"a", priority=1)], "priority"),
        ([Message("T", b"a"), Message("T", b"b", wait_stored=False)], "wait_stored"),
        ([Message("T", b"a" * 60), Message("T", b"b" * 60)], "the batch has"),
    ],
)
def test_what_cannot_be_a_batch_is_refused(
    messages: list[Message], problem: str
) -> None:
    with pytest.raises(MessageIllegalError, match=problem):
        packer(max_message_bytes=100).pack_batch(messages)


def test_a_batch_has_one_sharding_key_unless_its_queue_is_given() -> None:
    mixed = [Message("T", b"a", sharding_key="k"), Message("T", b"b")]
    with pytest.raises(MessageIllegalError, match="a batch has one, 'k'") as raised:
        packer().pack_batch(mixed)
    assert raised.value.field == "sharding_key"
    assert len(packer().pack_batch(mixed, any_keys=True).unique_ids) == 2


def test_the_header_has_what_the_queue_and_the_hour_decide() -> None:
    parcel = packer().pack(Message("T", b"x", flag=5))
    header = parcel.header("G", MessageQueue("T", "b", 3), 1234, 4)
    assert (header.producer_group, header.topic, header.queue_id) == ("G", "T", 3)
    assert (header.default_topic, header.default_topic_queue_nums) == ("TBW102", 4)
    assert (header.born_timestamp, header.flag, header.batch) == (1234, 5, False)
    assert header.broker_name == "b"


def test_a_message_given_back_keeps_its_id_and_counts() -> None:
    more = {"UNIQ_KEY": "OLD", "RETRY_TOPIC": "T"}
    parcel = packer().pack_retry(Message("%RETRY%G", b"x"), more, 3, 16)
    assert parcel.unique_ids == ("OLD",)
    header = parcel.header("G", MessageQueue("%RETRY%G", "b", 0), 0, 4)
    assert (header.reconsume_times, header.max_reconsume_times) == (3, 16)
    assert properties.parse(parcel.properties)["RETRY_TOPIC"] == "T"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_message_bytes", 0),
        ("compress_over_bytes", -1),
        ("compression_level", 0),
        ("compression_level", 10),
    ],
)
def test_rules_that_cannot_be_kept_are_refused(field: str, value: int) -> None:
    with pytest.raises(ArgumentError, match=f"{field} is {value}, not"):
        PackingRules(**{field: value})
