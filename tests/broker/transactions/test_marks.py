from typing import Any

from transaction_kit import TransactionSide
from write_side import HOST, NOW_MS

from twistedmq.protocol.names import OP_HALF_TOPIC
from twistedmq.store.interfaces import StoreFullError


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
