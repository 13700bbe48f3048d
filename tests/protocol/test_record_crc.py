"""The checksum over a whole record, held against those of the genuine broker."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.record import Record, decode_record, decode_records
from twistedmq.protocol.record_crc import (
    PROPERTIES_MAX_BYTES,
    SEAL_BYTES,
    Seal,
    lay_out_sealed,
    reserved,
    seal_of,
)
from twistedmq.protocol.record_layout import record_sizes
from twistedmq.protocol.send_batch import SendBatch
from twistedmq.testing.batches import Told, batch_of

VECTOR = Path(__file__).parent.parent / "vectors" / "store" / "sealed.json"
GENUINE = {
    vector["what"]: bytes.fromhex(vector["record_hex"])
    for vector in json.loads(VECTOR.read_text("utf-8"))["records"]
}
HOST = b"\x7f\0\0\x01\0\0\x2a\x9f"


def sealed(batch: SendBatch, base: int = 0, host: bytes = HOST) -> list[bytes]:
    batch = reserved(batch)
    count = len(batch)
    sizes = record_sizes(batch, host)
    offsets = list(range(count))
    buffers = lay_out_sealed(batch, 0, count, base, offsets, sizes, 1234, host)
    data = b"".join(buffers)
    ends = [sum(sizes[: n + 1]) for n in range(count)]
    return [data[end - size : end] for end, size in zip(ends, sizes, strict=True)]


def batch_like(record: Record, properties: bytes) -> SendBatch:
    return SendBatch(
        [record.topic], [record.queue_id], [record.flag], [record.sys_flag],
        [record.born_ms], [record.born_host], [record.reconsume_times],
        [record.prepared_offset], [properties], [0], [record.body],
    )  # fmt: skip


@pytest.mark.parametrize("what", GENUINE)
def test_genuine_checksums_are_right(what: str) -> None:
    assert seal_of(GENUINE[what]) is Seal.WHOLE


@pytest.mark.parametrize("what", [what for what in GENUINE if "third" not in what])
def test_the_bytes_are_those_of_the_genuine_broker(what: str) -> None:
    wanted = GENUINE[what]
    record = decode_record(wanted)
    for before in (record.properties[:-SEAL_BYTES], record.properties):
        batch = reserved(batch_like(record, before))
        sizes = record_sizes(batch, record.store_host)
        buffers = lay_out_sealed(
            batch, 0, 1, record.physical_offset, [record.queue_offset], sizes,
            record.store_ms, record.store_host,
        )  # fmt: skip
        assert b"".join(buffers) == wanted


told = st.builds(
    Told,
    topic=st.sampled_from(["T", "x" * 200]),
    body=st.binary(max_size=40),
    tag=st.sampled_from([None, "a"]),
    born_host=st.sampled_from([b"h" * 8, b"h" * 20]),
)


@given(st.lists(told, min_size=1, max_size=4), st.sampled_from([b"h" * 8, b"h" * 20]))
def test_every_record_of_a_batch_is_sealed(messages: list[Told], host: bytes) -> None:
    records = sealed(batch_of(messages), 500, host)
    assert [seal_of(record) for record in records] == [Seal.WHOLE] * len(messages)
    found = decode_records(b"".join(records))
    assert [record.body for record in found] == [told.body for told in messages]


@given(st.data())
def test_any_changed_byte_is_noticed(data: st.DataObject) -> None:
    record = bytearray(sealed(batch_of([Told(body=b"hello", tag="a")]))[0])
    at = data.draw(st.integers(0, len(record) - 1))
    record[at] ^= data.draw(st.integers(1, 255))
    assert seal_of(record) is Seal.BROKEN


def test_part_of_a_batch_is_sealed_alike() -> None:
    batch = reserved(batch_of([Told(body=b"one"), Told(body=b"two")]))
    sizes = record_sizes(batch, HOST)
    second = b"".join(lay_out_sealed(batch, 1, 2, 77, [4, 5], sizes, 9, HOST))
    assert seal_of(second) is Seal.WHOLE
    assert decode_record(second).physical_offset == 77


@pytest.mark.parametrize("record", [b"", b"short", GENUINE["a plain message"][:-20]])
def test_what_has_no_checksum_says_so(record: bytes) -> None:
    assert seal_of(record) is Seal.MISSING


def test_properties_that_leave_no_room_are_refused() -> None:
    batch = batch_of([Told()])
    batch.properties = [b"k\x01" + b"v" * (PROPERTIES_MAX_BYTES - SEAL_BYTES - 3)]
    assert len(reserved(batch).properties[0]) == PROPERTIES_MAX_BYTES
    batch.properties = [batch.properties[0] + b"v"]
    with pytest.raises(MessageIllegalError, match="limit is 32747 bytes"):
        reserved(batch)


def test_the_batch_that_was_given_stays_as_it_was() -> None:
    batch = batch_of([Told(tag="a")])
    before = batch.properties[0]
    reserved(batch)
    assert batch.properties == [before]
