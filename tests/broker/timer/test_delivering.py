from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from timer_kit import TimerSide
from twisted.internet.defer import succeed

from twistedmq.broker.timer.delivering import SLICE, SLICE_BYTES, Due
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.store.timer.log import MemoryTimerLog
from twistedmq.store.timer.slots import Slot
from twistedmq.store.timer.units import DELETES, NOWHERE, ROLLS, WAITS, TimerUnit

KINDS = st.sampled_from([WAITS, WAITS | ROLLS, WAITS | DELETES, 7])


def due_of(kinds: list[int], size: int = 100) -> Due:
    log = MemoryTimerLog()
    places = [NOWHERE, *log.places(len(kinds))]
    log.append(
        [TimerUnit(places[n], kind, 5, 1, n, size, 0) for n, kind in enumerate(kinds)]
    )
    return Due.of(log, 6, Slot(0, places[-1]), Slot(NOWHERE, NOWHERE))


@given(st.lists(KINDS, max_size=300))
def test_slices_hold_everything_once_and_in_order(kinds: list[int]) -> None:
    due = due_of(kinds)
    calls = [n for part in due.slices(of_calls=True) for n in part]
    others = [n for part in due.slices(of_calls=False) for n in part]
    assert list(due.offsets) == list(range(len(kinds)))
    assert calls == [n for n, kind in enumerate(kinds) if kind == WAITS | DELETES]
    assert sorted(calls + others) == list(range(len(kinds)))
    assert others == sorted(others)
    assert all(len(part) <= SLICE for part in due.slices(of_calls=False))


def test_slices_of_large_messages_are_small() -> None:
    due = due_of([WAITS] * 10, SLICE_BYTES // 2)
    assert [len(part) for part in due.slices(of_calls=False)] == [3, 3, 3, 1]


@pytest.fixture
def side() -> TimerSide:
    return TimerSide().start()


def test_what_is_no_longer_stored_is_told_once(side: TimerSide, logged: Any) -> None:
    for n in range(3):
        side.send(f"n{n}", TIMER_DELAY_SEC="5")
    record_at = side.store.record_at
    side.store.record_at = lambda offset: record_at(offset) if offset else None
    side.advance(6)
    assert side.got() == ["n1", "n2"]
    assert side.backlog.waiting == 0
    assert logged("1 messages due at", "are no longer in the store")


def test_a_body_that_is_damaged_costs_its_message_alone(
    side: TimerSide, logged: Any
) -> None:
    def spoilt(buffer: Any) -> bytes:
        """Give records as they are, but for the body of the first message."""
        return bytes(buffer).replace(b"n0", b"m0", 1)

    read_queue, record_at = side.store.read_queue, side.store.record_at

    def read(*args: Any) -> Any:
        found = read_queue(*args)
        found.records = [spoilt(buffer) for buffer in found.records]
        return found

    side.store.read_queue = read
    side.store.record_at = lambda offset: spoilt(record_at(offset))
    for n in range(3):
        side.send(f"n{n}", TIMER_DELAY_SEC="5")
    side.advance(6)
    side.store.read_queue = read_queue
    assert side.got() == ["n1", "n2"]
    assert side.backlog.waiting == 0
    assert logged("1 messages due at", "are no longer in the store")


@pytest.mark.parametrize("other", ["at once", "later"])
def test_another_record_in_its_place_is_not_delivered(
    side: TimerSide, other: str
) -> None:
    """After a loss of power an offset is given again."""
    side.send("mine", TIMER_DELAY_MS="5000")
    if other == "later":
        side.send("else", TIMER_DELAY_MS="9000")
        entry = side.store.entries("rmq_sys_wheel_timer", 0, 1, 1)[0]
    else:
        side.send("else", "V")
        entry = side.store.entries("V", 0, 0, 1)[0]
    record_at = side.store.record_at
    there = {0: entry.physical_offset}
    side.store.record_at = lambda offset: record_at(there.get(offset, offset))
    side.advance(6)
    assert side.got() == []
    side.advance(6)
    assert side.got() == (["else"] if other == "later" else [])


def test_cold_records_are_waited_for(side: TimerSide) -> None:
    side.send("cold", TIMER_DELAY_SEC="5")
    side.send("warm", TIMER_DELAY_SEC="5")
    record_at = side.store.record_at
    side.store.record_at = lambda o: record_at(o) if o else succeed(record_at(o))
    side.advance(6)
    assert side.got() == ["cold", "warm"]


def test_a_message_that_the_store_refuses_does_not_hold_up_the_others(
    side: TimerSide, logged: Any
) -> None:
    for n in range(5):
        side.send(f"n{n}", TIMER_DELAY_SEC="5")
    write = side.inner.write

    def picky(messages: Any) -> Any:
        if any(m.body == b"n3" for m in messages):
            raise MessageIllegalError("not this one")
        return write(messages)

    side.inner.write = picky  # type: ignore[method-assign]
    side.advance(6)
    assert side.got() == ["n0", "n1", "n2", "n4"]
    assert side.backlog.waiting == 0
    assert logged("due for T", "not this one")


def test_a_key_with_its_topic_calls_back_that_topic_only(side: TimerSide) -> None:
    for topic in "TV":
        side.send(f"in {topic}", topic, TIMER_DELAY_SEC="5", UNIQ_KEY="U")
    side.send("0", "T", TIMER_DELAY_SEC="5", UNIQ_KEY="U", TIMER_DEL_UNIQKEY="T+U")
    side.advance(6)
    assert side.got("T") == []
    assert side.got("V") == ["in V"]
    assert side.metrics.counts() == {"T": 0, "V": 0}
    assert side.metrics.placed == {"T": 2, "V": 1}
    assert side.metrics.delivered == {"V": 1}


def test_what_comes_late_into_a_slot_that_is_being_delivered(side: TimerSide) -> None:
    for n in range(100):
        side.send(f"n{n}", TIMER_DELAY_SEC="5")
    write, written = side.inner.write, []

    def step_back(messages: Any) -> Any:
        written.append(len(messages))
        if len(written) == 1:
            side.jumped_ms -= 4000
            side.clock.callLater(0, side.send, "late", TIMER_DELAY_SEC="4")
        return write(messages)

    side.inner.write = step_back  # type: ignore[method-assign]
    side.advance(5)
    side.advance(3.9)
    assert len(side.got()) == 100
    side.advance(0.1)
    side.advance(1)
    assert side.got() == [*(f"n{n}" for n in range(100)), "late"]
    assert side.backlog.waiting == 0
    assert side.metrics.counts() == {"T": 0}
