from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_vectors import recorded

from twistedmq.protocol import record as records
from twistedmq.protocol.addresses import pack
from twistedmq.protocol.codec import decode_command
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.record import (
    Record,
    RecordError,
    decode_record,
    decode_records,
    encode_record,
    outlines,
)
from twistedmq.protocol.record_layout import MAGIC_V1, MAGIC_V2

int32 = st.integers(-(2**31), 2**31 - 1)
int64 = st.integers(-(2**63), 2**63 - 1)
v4 = st.tuples(st.just("10.0.0.1"), st.integers(0, 65535))
v6 = st.tuples(st.just("2001:db8::1"), st.integers(0, 65535))
hosts = (v4 | v6).map(lambda host: pack(*host))
some_records = st.builds(
    Record,
    topic=st.text(st.characters(codec="utf-8"), max_size=20)
    | st.text("x", min_size=120, max_size=200),
    queue_id=int32,
    flag=int32,
    queue_offset=int64,
    physical_offset=int64,
    sys_flag=st.integers(0, 2**16 - 1).map(lambda flag: flag & ~0x30),
    born_ms=int64,
    born_host=hosts,
    store_ms=int64,
    store_host=hosts,
    reconsume_times=int32,
    prepared_offset=int64,
    body=st.binary(max_size=50),
    properties=st.binary(max_size=50),
)


def meaning(record: Record) -> list[object]:
    """What the writer was given; it adds the rest."""
    added = {"size", "body_crc", "sys_flag"}
    names = [name for name in record.__struct_fields__ if name not in added]
    values = [getattr(record, name) for name in names]
    return [*values, record.sys_flag & ~0x30]


@given(some_records)
def test_what_is_encoded_is_decoded(record: Record) -> None:
    encoded = encode_record(record)
    decoded = decode_record(encoded)
    assert meaning(decoded) == meaning(record)
    assert decoded.size == len(encoded)
    assert encode_record(decoded) == encoded


@given(st.lists(some_records, max_size=4))
def test_records_follow_each_other(given_records: list[Record]) -> None:
    data = memoryview(b"".join(map(encode_record, given_records)))
    assert list(map(meaning, decode_records(data))) == list(map(meaning, given_records))


@given(some_records, st.binary(max_size=9))
def test_single_fields_are_read_without_the_others(
    record: Record, before: bytes
) -> None:
    data, at = before + encode_record(record), len(before)
    assert records.size_of(data, at) == len(data) - at
    assert records.magic_of(data, at) in {MAGIC_V1, MAGIC_V2}
    assert records.queue_id_of(data, at) == record.queue_id
    assert records.queue_offset_of(data, at) == record.queue_offset
    assert records.physical_offset_of(data, at) == record.physical_offset
    assert records.sys_flag_of(data, at) & ~0x30 == record.sys_flag
    assert records.born_time(data, at) == record.born_ms
    assert records.store_time(data, at) == record.store_ms
    assert records.body_of(data, at) == record.body
    assert records.topic_of(memoryview(data), at) == record.topic
    assert records.properties_of(data, at) == record.properties


@given(st.lists(some_records, max_size=4))
def test_an_outline_says_the_same_as_the_record(given_records: list[Record]) -> None:
    encoded = b"".join(map(encode_record, given_records))
    wanted = [
        (r.size, r.queue_offset, r.physical_offset, r.born_ms, r.properties)
        for r in decode_records(encoded)
    ]
    assert outlines(encoded) == outlines(memoryview(encoded)) == wanted


@given(some_records, st.data())
def test_there_is_no_outline_of_a_torn_record(
    record: Record, data: st.DataObject
) -> None:
    encoded = encode_record(record)
    end = data.draw(st.integers(1, len(encoded) - 1))
    with pytest.raises(RecordError):
        outlines(encoded[:end])


@given(st.binary(max_size=200))
def test_any_bytes_have_outlines_or_are_refused(data: bytes) -> None:
    size = (len(data) + 8).to_bytes(4)
    for each in (data, size + MAGIC_V1.to_bytes(4) + data):
        with suppress(RecordError):
            outlines(each)


def test_a_topic_over_127_bytes_makes_a_record_of_version_2() -> None:
    assert records.magic_of(encode_record(Record(topic="x" * 127))) == MAGIC_V1
    assert records.magic_of(encode_record(Record(topic="x" * 128))) == MAGIC_V2


@given(some_records, st.data())
def test_a_torn_record_is_refused(record: Record, data: st.DataObject) -> None:
    encoded = encode_record(record)
    end = data.draw(st.integers(0, len(encoded) - 1))
    with pytest.raises(RecordError):
        decode_record(encoded[:end])


@given(some_records, st.data())
def test_a_record_with_a_wrong_bit_is_read_or_refused(
    record: Record, data: st.DataObject
) -> None:
    encoded = bytearray(encode_record(record))
    at = data.draw(st.integers(0, len(encoded) * 8 - 1))
    encoded[at // 8] ^= 1 << at % 8
    with suppress(RecordError):
        decode_record(bytes(encoded))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(RecordError):
        decode_records(data)


def test_another_body_is_noticed_by_its_crc() -> None:
    encoded = encode_record(Record(topic="T", body=b"hello"))
    other = encoded.replace(b"hello", b"hullo")
    with pytest.raises(RecordError, match="CRC"):
        decode_record(other)
    assert decode_record(other, check_crc=False).body == b"hullo"


def test_properties_too_long_for_a_record_are_refused() -> None:
    with pytest.raises(RecordError):
        encode_record(Record(topic="T", properties=bytes(32768)))


def test_what_the_genuine_broker_stored_is_written_again() -> None:
    count = 0
    for vector in recorded():
        if vector.is_request or vector.header["code"] != 0:
            continue
        if vector.said["code"] in {RequestCode.PULL_MESSAGE, RequestCode.QUERY_MESSAGE}:
            body = decode_command(vector.frame[4:]).body
            stored = decode_records(body)
            assert b"".join(map(encode_record, stored)) == body
            count += len(stored)
    assert count > 20
