import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from write_side import genuine_pairs

from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import BatchAckMessageRequestBody
from twistedmq.protocol.numbers import INT64_MAX
from twistedmq.protocol.pop_handles import (
    Handle,
    ReceiptHandleError,
    bit_offsets,
    is_int64,
    kind_of,
    normal_topic,
    offset_bits,
    offset_item,
    offsets_item,
    order_counts,
    parse_handle,
    parse_receipt,
    parse_table,
    pop_retry_topic,
    topic_of_kind,
)

NAMES = st.text("abcXYZ019-", min_size=1, max_size=8)


@given(
    st.integers(0, 2**40),
    st.integers(0, 2**42),
    st.integers(0, 2**42),
    st.integers(0, 999),
    st.sampled_from("012"),
    NAMES,
    st.integers(0, 99),
    st.integers(0, 2**40),
)
def test_a_handle_is_read_as_it_was_written(
    start: int,
    popped: int,
    invisible: int,
    revive: int,
    kind: str,
    broker: str,
    queue_id: int,
    offset: int,
) -> None:
    handle = Handle(start, popped, invisible, revive, kind, broker)
    text = handle.text(queue_id, offset)
    assert parse_handle(text) == handle
    assert parse_handle(text.rsplit(" ", 2)[0]) == handle
    assert handle.is_ordered == (revive == 999)


def test_handles_of_genuine_clients_are_read() -> None:
    pairs = genuine_pairs("ack_message")
    assert pairs
    for request, _ in pairs:
        fields = request["header"]["extFields"]
        handle = parse_handle(fields["extraInfo"])
        text = handle.text(int(fields["queueId"]), int(fields["offset"]))
        assert text == fields["extraInfo"]


@given(st.text())
def test_any_text_is_a_handle_or_refused(text: str) -> None:
    with suppress(ReceiptHandleError):
        assert parse_handle(text).broker_name in text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0 1 2 3 0",
        "a 1 2 3 0 b",
        "-1 1 2 3 0 b",
        "0 1 2 -3 0 b",
        "0 1 2 3 9 b",
        f"{INT64_MAX + 1} 1 2 3 0 b",
        f"0 1 {INT64_MAX} 3 0 b",
        "0 -1 2 3 0 b",
        f"0 1 2 {2**31} 0 b",
    ],
)
def test_forged_handles_are_refused(text: str) -> None:
    with pytest.raises(ReceiptHandleError, match="extraInfo"):
        parse_handle(text)


@given(NAMES, NAMES, st.booleans())
def test_retry_topics_and_back(topic: str, group: str, v2: bool) -> None:
    retry = pop_retry_topic(topic, group, v2=v2)
    kind = kind_of(retry)
    assert kind == ("2" if v2 else "1")
    assert normal_topic(retry, group) == topic
    assert topic_of_kind(kind, topic, group) == retry
    assert normal_topic(topic, group) == topic_of_kind("0", topic, group) == topic


def test_a_kind_that_does_not_exist() -> None:
    with pytest.raises(ReceiptHandleError):
        topic_of_kind("3", "T", "G")


def test_the_tables_of_an_answer_are_the_genuine_ones() -> None:
    (_, answer) = genuine_pairs("pop_message")[0]
    assert answer is not None
    fields = answer["header"]["extFields"]
    starts = ";".join([offset_item("TPop", 0, 0), offset_item("TPop", 1, 0)])
    assert starts == fields["startOffsetInfo"]
    offsets = [offsets_item("TPop", queue, range(5)) for queue in (0, 1)]
    assert ";".join(offsets) == fields["msgOffsetInfo"]
    assert parse_table(fields["msgOffsetInfo"]) == {
        "0@0": "0,1,2,3,4",
        "0@1": "0,1,2,3,4",
    }


def test_order_counts_end_with_what_old_clients_read() -> None:
    text = order_counts("%RETRY%G+T", 3, [(7, 1), (9, 2)], 0)
    assert text == "2 qo3%7 1;2 qo3%9 2;2 3 0"
    assert order_counts("T", 0, [], 0) == "0 0 0"


def test_tables_that_are_none() -> None:
    assert parse_table(None) == parse_table("") == {}
    for text in ("0 1", "0 1 2;0 1 3"):
        with pytest.raises(ReceiptHandleError):
            parse_table(text)


def test_the_bit_set_of_a_genuine_batch_ack() -> None:
    (request, _) = genuine_pairs("batch_ack_message")[0]
    body = loose_json.encode(request["body_json"])
    batch = loose_json.decode(body, type=BatchAckMessageRequestBody)
    (ack,) = batch.acks
    assert bit_offsets(base64.b64decode(ack.bits), 100) == [102, 103]
    assert (ack.group, ack.topic, ack.revive_queue_id) == ("GPopRaw", "TPop", 2)
    assert batch.broker_name == "broker-a"


@given(st.sets(st.integers(0, 200)), st.integers(0, 10**6))
def test_bits_are_offsets(wanted: set[int], start: int) -> None:
    number = sum(1 << bit for bit in wanted)
    bits = number.to_bytes(26, "little")
    assert bit_offsets(bits, start) == [start + bit for bit in sorted(wanted)]


def test_what_fits_eight_bytes() -> None:
    assert is_int64(INT64_MAX)
    assert not is_int64(INT64_MAX + 1)


def test_a_receipt_is_the_whole_handle_of_a_message() -> None:
    text = "7 1000 60 3 1 broker-a 2 9"
    receipt = parse_receipt(text)
    assert receipt.handle == parse_handle(text)
    assert (receipt.queue_id, receipt.queue_offset) == (2, 9)
    assert receipt.of_pop == "7 1000 60 3 1 broker-a 2"
    assert receipt.ends_ms == 1060
    assert receipt.handle.text(2, 9) == text


@pytest.mark.parametrize(
    "text",
    [
        "7 1000 60 3 1 broker-a 2",
        "7 1000 60 3 1 broker-a 2 9 9",
        "7 1000 60 3 1 broker-a x 9",
        "7 1000 60 3 1 broker-a 2 -1",
        f"7 1000 60 3 1 broker-a {2**31} 1",
    ],
)
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ReceiptHandleError):
        parse_receipt(text)


@given(st.sets(st.integers(0, 500), min_size=1), st.integers(0, 2**40))
def test_offsets_become_bits_and_bits_offsets(
    differences: set[int], start: int
) -> None:
    offsets = sorted(start + each for each in differences)
    assert bit_offsets(offset_bits(offsets, start), start) == offsets
