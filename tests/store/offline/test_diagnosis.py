import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from offline_kit import filled, records_in, segment
from store_vectors import STORES

from twistedmq.protocol.compression import compressor
from twistedmq.protocol.record import Record, encode_record
from twistedmq.store.offline.diagnosis import (
    fields_of,
    flags_text,
    host_text,
    why_broken,
)


def record(**changes: object) -> bytes:
    fields = {"topic": "T", "body": b"hello", "properties": b"TAGS\x01a\x02"}
    return encode_record(Record(**fields | changes))  # type: ignore[arg-type]


def test_a_whole_record_has_nothing_wrong() -> None:
    files = filled(20)
    content = bytes(files.content(segment()))
    for offset, size in records_in(files):
        if offset < 4096:
            assert why_broken(content[offset : offset + size], offset, 4096) == ""


@pytest.mark.parametrize(
    ("at", "value", "told"),
    [
        (0, b"\0\0\0\x05", "its size is 5"),
        (0, b"\x7f\0\0\0", "its size is 2130706432"),
        (4, b"\1\2\3\4", "its magic is 01020304"),
        (8, b"\1\2\3\4", "but 01020304 is stored"),
        (20, b"\xff" * 8, "its queue offset is -1"),
        (28, (77).to_bytes(8), "its offset is 77"),
        (84, b"\0\1\0\0", "its body would have 65536"),
        (84, b"\0\0\0\4", "topic and properties do not end"),
        (88, b"j", "CRC of its body"),
    ],
)
def test_what_is_wrong_is_named(at: int, value: bytes, told: str) -> None:
    data = record()
    spoiled = data[:at] + value + data[at + len(value) :]
    assert told in why_broken(spoiled, 0, 1000)


def test_cut_and_empty_places_are_named() -> None:
    data = record()
    assert why_broken(data[:5], 0, 1000) == "the file ends after 5 bytes"
    assert "of 104 bytes" in why_broken(data[:-1], 0, 1000)
    assert why_broken(bytes(200), 0, 1000) == "there are zeros"


def test_end_marks_count_what_is_left() -> None:
    mark = (100).to_bytes(4) + bytes.fromhex("CBD43194")
    assert why_broken(mark, 900, 1000) == ""
    assert "speaks of 100 bytes, 99 are left" in why_broken(mark, 901, 1000)


@given(st.binary(max_size=300))
def test_anything_can_be_looked_at(data: bytes) -> None:
    why_broken(data, 0, 1000)
    found = fields_of(data)
    assert b"".join(field.raw for field in found) == data


@given(st.data())
def test_a_checksum_over_the_record_shows_every_change(data: st.DataObject) -> None:
    vectors = json.loads((STORES / "sealed.json").read_text("utf-8"))
    text = data.draw(st.sampled_from(vectors["records"]))["record_hex"]
    whole = bytearray.fromhex(text)
    offset = int.from_bytes(whole[28:36])
    assert why_broken(bytes(whole), offset, offset + 1000) == ""
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    assert why_broken(bytes(whole), offset, offset + 1000)


def test_fields_say_what_each_byte_is() -> None:
    packed = compressor(3).compress(b"hello " * 50, 5)
    data = record(body=packed, sys_flag=0x301, born_host=b"\x0a\0\0\1\0\0\x30\x39")
    shown = {field.name: field.value for field in fields_of(data)}
    assert shown["magic"] == "DAA320A7 (version 1)"
    assert shown["born host"] == "10.0.0.1:12345"
    assert shown["system flag"] == "769 (compressed with zlib)"
    assert shown["body"].startswith("300 bytes unpacked: hello ")
    assert shown["topic"] == "T"
    assert shown["properties"] == "TAGS=a; "


def test_a_body_that_cannot_be_unpacked_says_so() -> None:
    shown = {f.name: f.value for f in fields_of(record(body=b"no zlib", sys_flag=1))}
    assert "not packed with zlib" in shown["body"]
    shown = {f.name: f.value for f in fields_of(record(body=b"\xff\xfe"))}
    assert shown["body"] == "fffe"


def test_flags_have_names() -> None:
    assert flags_text(0) == ""
    assert flags_text(0x101) == " (compressed with lz4)"
    assert flags_text(0x3C) == (
        " (transaction rollback, born host IPv6, store host IPv6)"
    )
    assert flags_text(0xC4) == " (transaction prepared, to be unwrapped, batch)"


def test_hosts_are_shown_whatever_they_are() -> None:
    assert host_text(bytes(15) + b"\1\0\0\0\x50") == "[::1]:80"
    assert host_text(b"\1\2") == "0102"
