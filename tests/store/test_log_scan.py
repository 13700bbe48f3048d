import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.protocol.record import BLANK_MAGIC
from twistedmq.protocol.record_layout import lay_out, record_sizes
from twistedmq.store.log_scan import (
    BLANK,
    LoggedRecord,
    ScanEnd,
    TagsCodes,
    queues_of,
    scan,
    store_time_of,
)
from twistedmq.testing.batches import Told, batch_of

HOST = b"\x7f\0\0\x01\0\0\x2a\x9f"
END = 1 << 20


def laid_out(messages: list[Told], base: int = 0, host: bytes = HOST) -> bytes:
    batch = batch_of(messages)
    sizes = record_sizes(batch, host)
    offsets = list(range(len(messages)))
    return b"".join(lay_out(batch, 0, len(messages), base, offsets, sizes, 1234, host))


def record(**changes: object) -> LoggedRecord:
    fields = dict(
        physical_offset=0, size=100, topic="T", queue_id=3, queue_offset=7,
        sys_flag=0, store_ms=1000, properties=b"",
    )  # fmt: skip
    return LoggedRecord(**{**fields, **changes})  # type: ignore[arg-type]


told = st.builds(
    Told,
    topic=st.sampled_from(["T", "Ü" * 20, "x" * 200]),
    queue_id=st.integers(0, 9),
    body=st.binary(max_size=50),
    tag=st.sampled_from([None, "a", "键"]),
    born_host=st.sampled_from([b"h" * 8, b"h" * 20]),
)


@given(st.lists(told, max_size=5), st.sampled_from([b"h" * 8, b"h" * 20]))
def test_what_was_laid_out_is_found(messages: list[Told], host: bytes) -> None:
    data = laid_out(messages, 500, host)
    found = scan(memoryview(data), 500, END)
    assert [(r.topic, r.queue_id) for r in found.records] == [
        (m.topic, m.queue_id) for m in messages
    ]
    assert [r.queue_offset for r in found.records] == list(range(len(messages)))
    assert (found.end, found.reason) == (500 + len(data), ScanEnd.MORE)
    if messages:
        assert store_time_of(data[:76]) == 1234


@given(st.data())
def test_cut_anywhere_all_whole_records_are_found(data: st.DataObject) -> None:
    whole = laid_out([Told(body=b"x" * n) for n in range(4)])
    cut = data.draw(st.integers(0, len(whole)))
    found = scan(memoryview(whole[:cut]), 0, END)
    assert found.end <= cut
    assert found.reason is ScanEnd.MORE
    assert (
        found.records == scan(memoryview(whole), 0, END).records[: len(found.records)]
    )


@given(st.binary(max_size=300))
def test_rubbish_does_no_harm(data: bytes) -> None:
    scan(memoryview(data), 0, END)


def test_a_changed_body_is_noticed() -> None:
    data = bytearray(laid_out([Told(body=b"hello")] * 2))
    data[data.index(b"hello", 120)] ^= 1
    found = scan(memoryview(bytes(data)), 0, END)
    assert (len(found.records), found.reason) == (1, ScanEnd.BROKEN)
    assert len(scan(memoryview(bytes(data)), 0, END, check_crc=False).records) == 2


def test_a_record_of_another_place_is_noticed() -> None:
    found = scan(memoryview(laid_out([Told()])), 8, END)
    assert found.reason is ScanEnd.BROKEN


def test_a_blank_must_reach_the_end_of_the_segment() -> None:
    data = laid_out([Told()])
    blank = BLANK.pack(1000 - len(data), BLANK_MAGIC)
    assert scan(memoryview(data + blank), 0, 1000).reason is ScanEnd.BLANK
    assert scan(memoryview(data + blank), 0, 1001).reason is ScanEnd.BROKEN


def test_no_record_has_no_store_time() -> None:
    assert store_time_of(b"") == -1
    assert store_time_of(bytes(80)) == -1


@pytest.mark.parametrize(("level", "ms"), [("1", 2000), ("2", 61_000), ("9", 61_000)])
def test_a_delayed_message_has_its_time_for_a_tag(level: str, ms: int) -> None:
    codes = TagsCodes("1s 1m")
    delay = b"DELAY\x01%s\x02TAGS\x01a\x02" % level.encode()
    waiting = record(topic="SCHEDULE_TOPIC_XXXX", properties=delay)
    assert codes.of(waiting) == ms
    assert codes.of(record(properties=delay)) == 97


def test_light_queues_hold_the_record_too() -> None:
    light = (
        b"INNER_MULTI_DISPATCH\x01%LMQ%a,other,../x\x02"
        b"INNER_MULTI_QUEUE_OFFSET\x014,5,6\x02"
    )
    assert queues_of(record(properties=light), True) == [
        ("T", 3, 7),
        ("%LMQ%a", 0, 4),
        ("other", 3, 5),
    ]
    assert queues_of(record(properties=light), False) == [("T", 3, 7)]
    assert queues_of(record(topic="%RETRY%g", properties=light), True) == [
        ("%RETRY%g", 3, 7)
    ]
    assert queues_of(record(topic="../../etc"), True) == []
