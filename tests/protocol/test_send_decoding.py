"""Send frames to columns, fed with frames of genuine clients."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.protocol.batch_body import BatchItem, encode_batch
from twistedmq.protocol.codec import decode_command, encode_request
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import BINARY, JSON
from twistedmq.protocol.errors import FieldError, MessageIllegalError, TwistedMQError
from twistedmq.protocol.headers import (
    SendMessageRequestHeader,
    SendMessageRequestHeaderV2,
)
from twistedmq.protocol.properties import parse, tags_code
from twistedmq.protocol.send_decoding import DecodedSends, SendDecoder

WIRE = Path(__file__).parent.parent / "vectors" / "wire"
PEER = b"\x7f\x00\x00\x01\x00\x00\x10\x01"
ADDED = b"MSG_REGION\x01DefaultRegion\x02TRACE_ON\x01true\x02CLUSTER\x01c1\x02"


def decoder() -> SendDecoder:
    return SendDecoder(ADDED, lambda: "MADE-HERE")


def genuine(name: str) -> list[dict[str, Any]]:
    lines = (WIRE / f"{name}.jsonl").read_text().splitlines()
    frames = [json.loads(line) for line in lines]
    return [frame for frame in frames if frame["direction"] == "request"]


def header(**changes: Any) -> SendMessageRequestHeaderV2:
    fields: dict[str, Any] = {
        "producer_group": "p",
        "topic": "t",
        "default_topic": "TBW102",
        "default_topic_queue_nums": 4,
        "queue_id": 1,
        "sys_flag": 0,
        "born_timestamp": 17,
        "flag": 0,
        "properties": "TAGS\x01a\x02UNIQ_KEY\x01U1\x02",
    }
    return SendMessageRequestHeaderV2(**fields | changes)


def frame(
    code: int = RequestCode.SEND_MESSAGE_V2,
    body: bytes = b"hello",
    serialization: int = JSON,
    flag: int = 0,
    **changes: Any,
) -> bytes:
    request = header(**changes)
    return encode_request(
        code, 5, request, body, flag=flag, serialization=serialization
    )[4:]


def decode(*frames: bytes) -> DecodedSends:
    return decoder().decode(frames, PEER)


@pytest.mark.parametrize("name", ["send_message", "send_message_v2"])
def test_genuine_single_sends_become_columns(name: str) -> None:
    for vector in genuine(name):
        raw = bytes.fromhex(vector["frame_hex"])[4:]
        fields = decode_command(raw).fields
        sends = decode(raw)
        if list(fields) == ["topic"]:  # the genuine broker answers it with code 1 too
            [(_, _, error)] = sends.refused
            assert error.code == 1
            continue
        assert not sends.refused
        assert sends.opaques == [vector["header"]["opaque"]]
        assert sends.one_way == [bool(vector["header"]["flag"] & 2)]
        batch = sends.batch
        assert batch.topics == [fields.get("b", fields.get("topic"))]
        assert batch.queue_ids == [int(fields.get("e", fields.get("queueId", "")))]
        assert batch.born_hosts == [PEER]
        properties = parse(fields.get("i", fields.get("properties", "")))
        kept = parse(batch.properties[0])
        assert properties.items() <= kept.items()
        assert kept["CLUSTER"] == "c1"
        assert batch.tags_codes == [tags_code(properties.get("TAGS"))]
        assert sends.unique_ids == [properties.get("UNIQ_KEY", "MADE-HERE")]


def test_a_genuine_batch_becomes_its_messages() -> None:
    for vector in genuine("send_batch_message"):
        sends = decode(bytes.fromhex(vector["frame_hex"])[4:])
        assert not sends.refused
        assert sends.counts == [len(sends.batch.topics)]
        assert all(b"UNIQ_KEY\x01" in raw for raw in sends.batch.properties)
        assert set(sends.batch.topics) == {vector["header"]["extFields"]["b"]}


def test_both_serializations_and_both_versions_give_the_same() -> None:
    v1 = SendMessageRequestHeader(
        producer_group="p", topic="t", default_topic="TBW102",
        default_topic_queue_nums=4, queue_id=1, sys_flag=0, born_timestamp=17, flag=0,
        properties="TAGS\x01a\x02UNIQ_KEY\x01U1\x02",
    )  # fmt: skip
    expected = decode(frame())
    old = encode_request(RequestCode.SEND_MESSAGE, 5, v1, b"hello")[4:]
    assert decode(frame(serialization=BINARY)) == expected
    assert decode(old) == expected


def test_a_message_without_a_unique_id_gets_one() -> None:
    sends = decode(frame(properties=None))
    assert sends.unique_ids == ["MADE-HERE"]
    assert sends.batch.properties == [b"UNIQ_KEY\x01MADE-HERE\x02" + ADDED]


def test_properties_without_a_last_separator_get_one() -> None:
    sends = decode(frame(properties="UNIQ_KEY\x01U1\x02A\x01b"))
    assert sends.batch.properties == [b"UNIQ_KEY\x01U1\x02A\x01b\x02" + ADDED]


def test_what_the_broker_adds_is_there_once() -> None:
    sends = decode(frame(properties="CLUSTER\x01old\x02UNIQ_KEY\x01U1\x02"))
    assert sends.batch.properties == [b"UNIQ_KEY\x01U1\x02" + ADDED]


def test_a_bad_frame_leaves_its_neighbours_alone() -> None:
    bad = frame().replace(b'"e":"1"', b'"e":"x"')
    sends = decode(frame(), bad, frame())
    assert sends.opaques == [5, 5]
    [(opaque, one_way, error)] = sends.refused
    assert (opaque, one_way) == (5, False)
    assert isinstance(error, FieldError)
    assert "field e is 'x'" in str(error)


@pytest.mark.parametrize("field", ["queue_id", "reconsume_times", "sys_flag"])
def test_a_number_that_no_record_can_hold_is_refused(field: str) -> None:
    sends = decode(frame(**{field: 2**31}))
    assert len(sends.refused) == 1
    assert not sends.batch.topics


def test_a_one_way_send_wants_no_answer() -> None:
    assert decode(frame(flag=2)).one_way == [True]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00" * 10,
        b"\x00\x00\x00\x17" + b"\x00" * 12 + b"\xff\xff\xff\xff" + b"\x00" * 3,
        b"\x00\x00\x00\x17" + b"\x00" * 12 + b"\x00\x00\x00\x01" + b"\x00" * 30,
    ],
)
def test_a_torn_batch_is_refused(body: bytes) -> None:
    sends = decode(frame(RequestCode.SEND_BATCH_MESSAGE, body))
    [(_, _, error)] = sends.refused
    assert isinstance(error, MessageIllegalError)


@given(st.binary(max_size=200))
def test_any_batch_body_is_cut_or_refused(body: bytes) -> None:
    sends = decode(frame(RequestCode.SEND_BATCH_MESSAGE, body))
    assert len(sends.refused) + len(sends.opaques) == 1


@given(st.data())
def test_a_damaged_frame_is_decoded_or_refused(data: st.DataObject) -> None:
    raw = bytearray(frame())
    at = data.draw(st.integers(4, len(raw) - 1))
    raw[at] = data.draw(st.integers(0, 255))
    try:
        sends = decode(bytes(raw))
    except TwistedMQError:
        return
    assert len(sends.refused) + len(sends.opaques) == 1


def test_binary_headers_of_one_length_and_different_shapes() -> None:
    def binary(**changes: Any) -> bytes:
        return frame(serialization=BINARY, **changes)

    one = binary(topic="abc", default_topic="TBW102")
    other = binary(topic="abcdef", default_topic="TBW")
    assert len(one) == len(other)
    sends = decode(one, other, one)
    assert sends.batch.topics == ["abc", "abcdef", "abc"]
    assert sends.default_topics == ["TBW102", "TBW", "TBW102"]


@given(st.data())
def test_a_damaged_binary_frame_is_decoded_or_refused(data: st.DataObject) -> None:
    raw = bytearray(frame(serialization=BINARY))
    decode(bytes(raw))
    at = data.draw(st.integers(4, len(raw) - 1))
    raw[at] = data.draw(st.integers(0, 255))
    try:
        sends = decode(bytes(raw))
    except TwistedMQError:
        return
    assert len(sends.refused) + len(sends.opaques) == 1


def batch_of(*properties: str) -> DecodedSends:
    items = [BatchItem(0, b"x", text.encode()) for text in properties]
    raw = frame(RequestCode.SEND_BATCH_MESSAGE, encode_batch(items))
    return SendDecoder(b"", lambda: "made", frozenset({"DELAY"})).decode([raw], PEER)


@pytest.mark.parametrize(
    ("text", "is_special"),
    [
        ("DELAY\x013\x02", True),
        ("a\x01b\x02DELAY\x013\x02", True),
        ("a\x01b\x02DELAY\x013", True),
        ("MY_DELAY\x013\x02", False),
        ("a\x01DELAY\x02", False),
        ("", False),
    ],
)
def test_special_properties_are_found_in_batches_and_alone(
    text: str, is_special: bool
) -> None:
    assert batch_of("a\x01b\x02", text, "").is_special == is_special
    alone = SendDecoder(b"", lambda: "made", frozenset({"DELAY"}))
    assert alone.decode([frame(properties=text)], PEER).is_special == is_special


def test_the_properties_of_a_batch_are_read_if_there_is_something_in_them() -> None:
    assert batch_of("a\x01b\x02", "c\x01d\x02").property_maps == [{}, {}]
    tagged = batch_of("a\x01b\x02", "TAGS\x01t\x02")
    assert tagged.property_maps == [{"a": "b"}, {"TAGS": "t"}]
    assert tagged.batch.tags_codes == [0, ord("t")]
    waiting = batch_of("WAIT\x01true\x02", "a\x01b\x02")
    assert waiting.property_maps == [{}, {}]
    hasty = batch_of("WAIT\x01false\x02", "a\x01b\x02")
    assert hasty.property_maps == [{"WAIT": "false"}, {"a": "b"}]


def test_a_batch_for_a_batch_topic_stays_whole() -> None:
    raw = genuine("send_batch_message")[0]
    data = bytes.fromhex(raw["frame_hex"])[4:]
    topic = raw["header"]["extFields"]["b"]
    count = decode(data).counts[0]
    decoder = SendDecoder(b"CLUSTER\x01c\x02", lambda: "made", batch_topics={topic})
    sends = decoder.decode([data], b"peer")
    assert (sends.counts, sends.has_bundles) == ([1], True)
    held = parse(sends.batch.properties[0])
    assert held["INNER_NUM"] == str(count)
    assert held["UNIQ_KEY"] == sends.unique_ids[0]
    assert sends.batch.sys_flags == [0xC0]
    assert sends.batch.bodies == [decode_command(data).body]
