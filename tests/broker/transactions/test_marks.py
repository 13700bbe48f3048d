from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transaction_kit import TransactionSide
from write_side import HOST, NOW_MS

from twistedmq.broker.transactions.marks import offsets_in, op_bodies
from twistedmq.protocol.names import OP_HALF_TOPIC
from twistedmq.protocol.record import Record
from twistedmq.store.interfaces import StoreFullError


def op(body: bytes, properties: bytes = b"WAIT\x01true\x02TAGS\x01d\x02") -> Record:
    return Record(topic=OP_HALF_TOPIC, body=body, properties=properties)


@given(st.lists(st.integers(0, 2**63 - 1), unique=True), st.integers(1, 200))
def test_every_offset_is_in_one_body(offsets: list[int], most: int) -> None:
    bodies = op_bodies(offsets, most)
    assert b"".join(bodies) == b"".join(b"%d," % offset for offset in offsets)
    assert all(len(body) < most + 20 for body in bodies)
    assert all(len(body) >= most for body in bodies[:-1])
    assert set().union(*(offsets_in(op(body)) for body in bodies)) == set(offsets)


@pytest.mark.parametrize(
    ("body", "offsets"),
    [
        (b"7", {7}),  # as brokers before 5.0 wrote it
        (b"1,0,", {0, 1}),
        (b"", set()),
        (b"x,,3,-1,\xff\xfe, 4,1e3," + b"9" * 30, {3}),
    ],
)
def test_what_is_no_offset_ends_nothing(body: bytes, offsets: set[int]) -> None:
    assert offsets_in(op(body)) == offsets


def test_another_tag_ends_nothing() -> None:
    assert offsets_in(op(b"7,", b"TAGS\x01r\x02")) == set()
    assert offsets_in(op(b"7,", b"")) == set()


def test_ends_are_collected_and_written_as_one() -> None:
    side = TransactionSide()
    side.marks.add([1])
    side.clock.advance(2)
    side.marks.add([0, 1])
    assert 0 in side.marks
    assert side.marks_written() == []
    side.clock.advance(1)
    (message,) = side.stored(OP_HALF_TOPIC)
    assert message.body == b"1,0,"
    assert message.properties == b"WAIT\x01true\x02TAGS\x01d\x02"  # as genuine ones
    assert (message.born_ms, message.born_host) == (NOW_MS, HOST)
    assert 0 not in side.marks
    side.clock.advance(60)
    assert side.marks_written() == [b"1,0,"]


def test_many_ends_are_written_at_once() -> None:
    side = TransactionSide(mark_max_bytes=6)
    side.marks.add([1, 2])
    assert side.marks_written() == []
    side.marks.add([3, 4])
    assert side.marks_written() == [b"1,2,3,", b"4,"]
    assert side.clock.getDelayedCalls() == []


def test_what_is_left_is_written_when_the_broker_stops() -> None:
    side = TransactionSide()
    side.marks.startService()
    side.marks.add([1])
    side.marks.stopService()
    assert side.marks_written() == [b"1,"]
    assert side.clock.getDelayedCalls() == []


def test_a_full_disk_only_delays_the_marks(monkeypatch: Any) -> None:
    side = TransactionSide()

    def full(batch: object) -> None:
        raise StoreFullError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(side.store, "append", full)
        side.marks.add([1])
        side.clock.advance(3)
        assert 1 in side.marks
    side.clock.advance(3)
    assert side.marks_written() == [b"1,"]


def test_stopping_with_a_full_disk_leaves_nothing_behind(monkeypatch: Any) -> None:
    side = TransactionSide()

    def full(batch: object) -> None:
        raise StoreFullError("the disk is full")

    monkeypatch.setattr(side.store, "append", full)
    side.marks.startService()
    side.marks.add([1])
    side.marks.stopService()
    assert side.clock.getDelayedCalls() == []
