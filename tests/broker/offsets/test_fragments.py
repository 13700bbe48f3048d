import json
from pathlib import Path

import pytest
from store_vectors import unpack

from twistedmq.broker.offsets.fragments import (
    OffsetFragments,
    decode_offsets,
    encode_entry,
)
from twistedmq.protocol.bodies import DataVersion
from twistedmq.protocol.errors import FieldError

VERSION = DataVersion(counter=1, state_version=0, timestamp=1795385443100)


def test_an_entry_looks_like_the_genuine_one() -> None:
    assert encode_entry(("T1", "G1"), {0: 7, 1: 4}) == b'"T1@G1":{0:7,1:4}'


def test_the_file_looks_like_the_genuine_one() -> None:
    fragments = OffsetFragments()
    fragments.update({("T1", "G1"): {0: 7}, ("%RETRY%G1", "G1"): {0: 1}})
    assert fragments.join(VERSION) == (
        b'{"dataVersion":{"counter":1,"stateVersion":0,"timestamp":1795385443100},'
        b'"offsetTable":{"T1@G1":{0:7},"%RETRY%G1@G1":{0:1}}}'
    )


def test_what_is_gone_is_left_out() -> None:
    fragments = OffsetFragments()
    fragments.update({("T", "G"): {0: 7}, ("T", "H"): {0: 7}})
    fragments.update({("T", "G"): None, ("T", "I"): None})
    assert list(decode_offsets(fragments.join(VERSION))[0]) == [("T", "H")]


def test_what_was_written_is_read() -> None:
    fragments = OffsetFragments()
    table = {("T", "G"): {0: 7, 11: 2**40}, ("%RETRY%G", "G"): {0: 0}}
    fragments.update(table)
    assert decode_offsets(fragments.join(VERSION)) == (table, VERSION)


def test_quoted_numbers_and_other_members_are_read_too() -> None:
    data = {"offsetTable": {"T@G": {"0": 7}, "odd": {"0": 1}}, "groupTopicMap": {}}
    assert decode_offsets(json.dumps(data).encode())[0] == {("T", "G"): {0: 7}}


def test_names_that_look_like_numbers_are_left_alone() -> None:
    data = b'{"offsetTable":{"T,12:{3:@G":{ 0 :7, 1:8}}}'
    assert decode_offsets(data)[0] == {("T,12:{3:", "G"): {0: 7, 1: 8}}


def test_a_group_name_may_hold_the_separator() -> None:
    data = b'{"offsetTable":{"T@G@broadcast":{0:7}}}'
    assert decode_offsets(data)[0] == {("T", "G@broadcast"): {0: 7}}


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"offsetTable":7}'])
def test_something_else_is_refused(data: bytes) -> None:
    with pytest.raises(FieldError):
        decode_offsets(data)


def test_light_queues_have_a_table_of_their_own() -> None:
    fragments = OffsetFragments(has_light_queues=True)
    fragments.update(
        {("T", "g"): {0: 3}, ("%LMQ%a", "%LMQ%g"): {0: 5}, ("U", "%LMQ%h"): {}}
    )
    fragments.update({("U", "%LMQ%h"): None})
    data = fragments.join(DataVersion())
    assert b'"lmqOffsetTable":{"%LMQ%a@%LMQ%g":5},"offsetTable":{"T@g":{0:3}}' in data
    assert decode_offsets(data)[0] == {
        ("T", "g"): {0: 3},
        ("%LMQ%a", "%LMQ%g"): {0: 5},
    }
    assert b"lmqOffsetTable" not in OffsetFragments().join(DataVersion())


def test_the_file_of_a_genuine_broker_with_light_queues_is_read(tmp_path: Path) -> None:
    root, manifest = unpack("clean", tmp_path)
    data = (root / "config" / "lmqConsumerOffset.json").read_bytes()
    found = {f"{t}@{g}": queues for (t, g), queues in decode_offsets(data)[0].items()}
    for name, queues in manifest["consumerOffsets"]["offsetTable"].items():
        assert found[name] == {int(q): offset for q, offset in queues.items()}
