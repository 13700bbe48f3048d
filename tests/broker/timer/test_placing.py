from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from timer_kit import NOW_MS, TimerSide
from twisted.internet.defer import fail

from twistedmq.broker.inner.message import InnerMessage
from twistedmq.broker.timer.placing import Replay, roll_window_ms, slot_of
from twistedmq.config.timer import TimerConfig
from twistedmq.protocol.names import TIMER_TOPIC
from twistedmq.store.errors import DamagedRecordError
from twistedmq.store.timer.slots import WEEK_SLOTS
from twistedmq.store.timer.units import ROLLS, WAITS

GRAIN_MS = 1000


@given(st.integers(0, 10**7), st.integers(2, 10**5))
def test_rolling_always_gets_nearer_and_never_too_far(ahead: int, window: int) -> None:
    due_ms, wheel_ms = NOW_MS + ahead * GRAIN_MS, NOW_MS
    window_ms, rolls = window * GRAIN_MS, 0
    while True:
        slot_ms, kind = slot_of(due_ms, wheel_ms, window_ms, GRAIN_MS)
        assert 0 <= slot_ms - wheel_ms <= window_ms
        if kind == WAITS:
            break
        assert kind == WAITS | ROLLS
        assert wheel_ms < slot_ms <= due_ms
        wheel_ms, rolls = slot_ms, rolls + 1
        if rolls > 5:
            break
    assert slot_ms <= due_ms
    assert kind != WAITS or slot_ms == due_ms


def test_what_little_is_left_is_shared() -> None:
    """As the genuine broker: half a window if less than a third would be left."""
    assert slot_of(NOW_MS + 60_000, NOW_MS, 20_000, GRAIN_MS) == (
        NOW_MS + 20_000,
        WAITS | ROLLS,
    )
    assert slot_of(NOW_MS + 25_000, NOW_MS, 20_000, GRAIN_MS) == (
        NOW_MS + 10_000,
        WAITS | ROLLS,
    )


@pytest.mark.parametrize(
    ("slots", "grain_ms", "window_ms"),
    [
        (20, 1000, 20_000),
        (1, 1000, (WEEK_SLOTS - 60) * 1000),
        (WEEK_SLOTS, 100, (WEEK_SLOTS - 60) * 100),
        (WEEK_SLOTS - 60, 60_000, 2**31 // 60_000 * 60_000),
    ],
)
def test_how_far_ahead_one_may_wait(slots: int, grain_ms: int, window_ms: int) -> None:
    config = TimerConfig(roll_slots=slots, grain_ms=grain_ms)
    assert roll_window_ms(config) == window_ms


def take(side: TimerSide, wheel_ms: int = NOW_MS) -> None:
    failures: list[Any] = []
    taken = side.placing.take(side.keeping.timer_log, wheel_ms)
    taken.addErrback(failures.append)
    if failures:
        failures[0].raiseException()


def put(side: TimerSide, *delays_s: int, **properties: str) -> None:
    side.inner.write(
        [
            InnerMessage(
                TIMER_TOPIC,
                0,
                {
                    "TIMER_OUT_MS": str(NOW_MS + delay_s * 1000),
                    "REAL_TOPIC": "T",
                    "REAL_QID": "0",
                    **properties,
                },
                b"in %d" % delay_s,
            )
            for delay_s in delays_s
        ]
    )


@pytest.fixture
def side() -> TimerSide:
    return TimerSide()


def test_a_batch_is_placed_with_one_write(side: TimerSide) -> None:
    put(side, 5, 7, 5, -1, 0)
    take(side)
    counts = [side.wheel.count_at(NOW_MS + s * 1000) for s in (-1, 0, 5, 7)]
    assert counts == [1, 1, 2, 1]
    log = side.keeping.timer_log
    assert log.end == 5 * 52
    chain = list(log.chain(side.wheel.last_of(NOW_MS + 5000)))
    assert [unit.previous for unit in chain] == [0, -1]
    assert side.placing.queue_offset == 5
    assert side.metrics.counts() == side.metrics.placed == {"T": 5}
    assert side.metrics.delays["T"].number == 5


def test_what_is_late_is_written_at_its_own_time(side: TimerSide) -> None:
    put(side, -40 * 24 * 3600)
    take(side)
    [unit] = side.keeping.timer_log.chain(0)
    assert (unit.due_ms, unit.delay_ms) == (NOW_MS - 40 * 24 * 3_600_000, 0)


def test_what_can_never_be_delivered_is_passed_over(
    side: TimerSide, logged: Any
) -> None:
    put(side, 5, TIMER_OUT_MS="soon")
    put(side, 5)
    take(side)
    assert side.backlog.waiting == 1
    assert side.placing.behind == 0
    assert logged("message 0 of rmq_sys_wheel_timer", "TIMER_OUT_MS='soon'")


def test_only_what_is_new_is_placed_again(side: TimerSide) -> None:
    put(side, 5, 6, -3, 7, 8)
    read = side.store.read_queue(TIMER_TOPIC, 0, 0, 9, 1 << 20, None, None)
    assert read.count == 5
    seen = side.store.entries(TIMER_TOPIC, 0, 0, 2)[0].physical_offset
    side.placing.begin_at(0, Replay({seen}, 3, NOW_MS, 5))
    take(side)
    times = [side.wheel.count_at(NOW_MS + s * 1000) for s in (5, 6, 7, 8)]
    assert times == [0, 1, 1, 1]
    assert side.wheel.count_at(NOW_MS - 3000) == 0  # it was delivered before
    assert side.placing.queue_offset == 5


def test_messages_that_are_gone_are_told(side: TimerSide, logged: Any) -> None:
    put(side, 5)
    side.placing.begin_at(7)
    take(side)
    assert side.placing.queue_offset == 1
    assert logged("timed messages 7 to 1 of rmq_sys_wheel_timer")


def test_a_damaged_record_costs_one_message(side: TimerSide, logged: Any) -> None:
    put(side, 5, 6)
    read, answers = side.store.read_queue, [fail(DamagedRecordError(17))]
    side.store.read_queue = lambda *args: answers.pop() if answers else read(*args)
    take(side)
    assert side.placing.queue_offset == 1
    assert logged("a timed message is lost", "physical offset 17")
    take(side)
    assert side.backlog.waiting == 1


class Broken:
    """A timer log whose disk is full."""

    end = begin = 0

    def places(self, count: int) -> list[int]:
        return [52 * n for n in range(count)]

    def append(self, units: Any) -> None:
        raise OSError(28, "no space left")


def test_a_full_log_costs_nothing(side: TimerSide) -> None:
    put(side, 5)
    log = side.keeping.timer_log
    side.keeping.timer_log = Broken()  # type: ignore[assignment]
    with pytest.raises(OSError, match="no space"):
        take(side)
    assert side.backlog.waiting == 0
    assert side.placing.queue_offset == 0
    side.keeping.timer_log = log
    take(side)
    assert side.backlog.waiting == 1
