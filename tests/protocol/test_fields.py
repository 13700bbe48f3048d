import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import field

from twistedmq.protocol.errors import FieldError
from twistedmq.protocol.fields import decode_fields, encode_fields
from twistedmq.protocol.headers import (
    PullMessageResponseHeader,
    SendMessageRequestHeaderV2,
)
from twistedmq.protocol.headers.base import Header
from twistedmq.protocol.numbers import Int32, Int64


class EveryKindHeader(Header, kw_only=True, rename="camel"):
    """A field of each kind."""

    queue_id: Int32
    offset: Int64 = 0
    topic: str
    order: bool | None = None
    note: str | None = None
    letter: str | None = field(default=None, name="x")


int32 = st.integers(-(2**31), 2**31 - 1)
every_kind = st.builds(
    EveryKindHeader,
    queue_id=int32,
    offset=st.integers(-(2**63), 2**63 - 1),
    topic=st.text(),
    order=st.none() | st.booleans(),
    note=st.none() | st.text(),
    letter=st.none() | st.text(),
)


@given(every_kind)
def test_what_is_encoded_is_decoded(header: EveryKindHeader) -> None:
    assert decode_fields(EveryKindHeader, encode_fields(header)) == header


def test_fields_are_text_in_their_order_without_none() -> None:
    header = EveryKindHeader(queue_id=3, topic="T", order=True, letter="l")
    assert list(encode_fields(header).items()) == [
        ("queueId", "3"),
        ("offset", "0"),
        ("topic", "T"),
        ("order", "true"),
        ("x", "l"),
    ]


def test_a_mapping_and_nothing_are_taken_too() -> None:
    assert encode_fields({"a": "b"}) == {"a": "b"}
    assert encode_fields(None) == {}


def test_unknown_fields_are_ignored() -> None:
    fields = {"queueId": "1", "topic": "T", "AccessKey": "k"}
    assert decode_fields(EveryKindHeader, fields).queue_id == 1


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"topic": "T"}, "the field queueId is missing"),
        ({"queueId": "1"}, "the field topic is missing"),
        (
            {"queueId": "one", "topic": "T"},
            "the field queueId is 'one', wanted a whole number",
        ),
        (
            {"queueId": str(2**31), "topic": "T"},
            "the field queueId is '2147483648', wanted a whole number",
        ),
        (
            {"queueId": "1", "topic": "T", "order": "perhaps"},
            "the field order is 'perhaps', wanted true or false",
        ),
        ({"queueId": "", "topic": "T"}, "the field queueId is missing"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, str], problem: str) -> None:
    with pytest.raises(FieldError) as caught:
        decode_fields(EveryKindHeader, fields)
    assert caught.value.where == "EveryKindHeader"
    assert caught.value.problem == problem


def test_a_long_wrong_value_is_not_repeated_in_full() -> None:
    with pytest.raises(FieldError) as caught:
        decode_fields(EveryKindHeader, {"queueId": "x" * 10_000, "topic": "T"})
    assert len(str(caught.value)) < 200


def test_an_empty_number_counts_as_absent() -> None:
    fields = {"queueId": "1", "topic": "", "offset": "", "order": "", "note": ""}
    header = decode_fields(EveryKindHeader, fields)
    assert header == EveryKindHeader(queue_id=1, topic="", note="")


def test_one_letter_names() -> None:
    fields = dict(
        zip("abcdefgh", ["p", "T", "D", "4", "0", "0", "1", "0"], strict=True)
    )
    header = decode_fields(SendMessageRequestHeaderV2, fields)
    assert header.topic == "T"
    assert header.default_topic_queue_nums == 4
    assert encode_fields(header) == fields


def test_camel_case_names() -> None:
    header = PullMessageResponseHeader(
        suggest_which_broker_id=0, next_begin_offset=1, min_offset=0, max_offset=9
    )
    assert set(encode_fields(header)) == {
        "suggestWhichBrokerId",
        "nextBeginOffset",
        "minOffset",
        "maxOffset",
    }
