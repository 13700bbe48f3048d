import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.protocol.errors import FieldError
from twistedmq.protocol.trace import (
    TracedMessageType,
    TraceItem,
    TraceType,
    decode_trace,
    encode_trace,
    trace_keys,
)

SEND = (
    "Pub\x011700000000000\x01DefaultRegion\x01shop\x01orders\x01ID1\x01new\x01k1 k2"
    "\x01127.0.0.1:10911\x015\x0112\x010\x01OFF1\x01true\x02"
)
BEFORE = "SubBefore\x011700000000100\x01null\x01billing\x01R1\x01ID1\x012\x01k1\x02"
AFTER = (
    "SubAfter\x01R1\x01ID1\x0130\x01false\x01k1\x014\x011700000000130\x01billing\x02"
)


def test_a_send() -> None:
    [item] = decode_trace(SEND)
    assert (item.type, item.message_id, item.group) == (TraceType.SEND, "ID1", "shop")
    assert (item.time_ms, item.cost_ms, item.body_bytes) == (1_700_000_000_000, 12, 5)
    assert (item.topic, item.tags, item.keys) == ("orders", "new", "k1 k2")
    assert (item.store_host, item.offset_message_id) == ("127.0.0.1:10911", "OFF1")
    assert item.succeeded
    assert item.message_type == TracedMessageType.NORMAL


def test_a_send_of_an_old_client() -> None:
    fields = SEND.rstrip("\x02").split("\x01")
    del fields[12]
    [item] = decode_trace("\x01".join(fields))
    assert item.succeeded
    assert item.offset_message_id == ""


def test_a_delivery_and_how_it_ended() -> None:
    before, after = decode_trace(BEFORE + AFTER)
    assert (before.type, before.group, before.retry_times) == (
        TraceType.DELIVERY,
        "billing",
        2,
    )
    assert (after.type, after.request_id, after.cost_ms) == (
        TraceType.CONSUMED,
        before.request_id,
        30,
    )
    assert (after.succeeded, after.context_code, after.group) == (False, 4, "billing")
    assert after.time_ms == 1_700_000_000_130


def test_the_other_kinds() -> None:
    recall, end = decode_trace(
        "Recall\x011\x01r\x01g\x01T\x01ID\x01true\x02"
        "EndTransaction\x012\x01r\x01g\x01T\x01ID\x01tag\x01k\x01h\x012\x01TX"
        "\x01COMMIT_MESSAGE\x01true\x02"
    )
    assert (recall.type, recall.succeeded) == (TraceType.RECALL, True)
    assert (end.transaction_id, end.transaction_state) == ("TX", "COMMIT_MESSAGE")
    assert end.from_check
    assert end.message_type == TracedMessageType.COMMITTED


def test_what_is_missing_at_the_end_is_empty() -> None:
    [item] = decode_trace("SubBefore\x011\x01r\x01g\x01R\x01ID\x010\x01\x02")
    assert (item.message_id, item.keys) == ("ID", "")
    [item] = decode_trace("SubAfter\x01R\x01ID\x013\x01true\x01\x01\x02")
    assert (item.group, item.time_ms) == ("", 0)


@pytest.mark.parametrize(
    "wrong",
    [
        SEND.replace("\x0112\x01", "\x01soon\x01"),
        SEND.replace("\x010\x01", "\x019\x01"),
    ],
)
def test_a_number_that_is_none(wrong: str) -> None:
    with pytest.raises(FieldError, match="trace item"):
        decode_trace(wrong)


@given(st.text(alphabet="\x01\x02Pub1SAfterBo", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        items = decode_trace(text)
    except FieldError:
        return
    assert len(items) <= text.count("\x02") + 1


END = (
    "EndTransaction\x012\x01r\x01g\x01T\x01ID\x01tag\x01k\x01h\x012\x01TX"
    "\x01COMMIT_MESSAGE\x01true\x02"
)
RECALL = "Recall\x011\x01r\x01g\x01T\x01ID\x01true\x02"


@pytest.mark.parametrize("text", [SEND, BEFORE, AFTER, END, RECALL])
def test_items_are_written_as_they_are_read(text: str) -> None:
    assert encode_trace(decode_trace(text)) == text


def test_many_are_one_message() -> None:
    text = SEND + BEFORE + AFTER
    items = decode_trace(text)
    assert encode_trace(items) == text
    assert trace_keys(items) == {"ID1", "k1", "k2"}


def test_what_is_not_there_is_null() -> None:
    item = TraceItem(type=TraceType.DELIVERY, message_id="ID", request_id="R")
    assert encode_trace([item]) == "SubBefore\x010\x01\x01\x01R\x01ID\x010\x01null\x02"
    sent = TraceItem(type=TraceType.SEND, message_id="ID", topic="T")
    assert "\x01T\x01ID\x01null\x01null\x01" in encode_trace([sent])
