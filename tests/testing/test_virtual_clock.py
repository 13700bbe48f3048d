from datetime import UTC, datetime, timedelta

import pytest
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from zope.interface.verify import verifyObject

from twistedmq.testing.virtual_clock import LEAP_S, LONG_S, VirtualClock

HOURS_S = 4 * 3600
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


def test_it_is_a_clock_for_reactors(clock: VirtualClock) -> None:
    assert verifyObject(IReactorTime, clock)


def test_each_call_sees_the_time_that_it_was_set_for(clock: VirtualClock) -> None:
    seen: list[tuple[str, float]] = []
    for name, delay_s in [("late", 9.0), ("first", 2.0), ("second", 2.0)]:
        clock.callLater(delay_s, lambda name=name: seen.append((name, clock.seconds())))
    clock.advance(10)
    assert seen == [("first", 2.0), ("second", 2.0), ("late", 9.0)]
    assert clock.seconds() == 10
    assert clock.now() == START + timedelta(seconds=10)


def test_calls_are_moved_and_cancelled(clock: VirtualClock) -> None:
    seen: list[str] = []
    later = clock.callLater(1, seen.append, "later")
    sooner = clock.callLater(9, seen.append, "sooner")
    never = clock.callLater(2, seen.append, "never")
    later.delay(4)
    sooner.reset(3)
    never.cancel()
    clock.advance(3)
    assert seen == ["sooner"]
    clock.advance(timedelta(seconds=2))
    assert seen == ["sooner", "later"]
    assert clock.getDelayedCalls() == ()


def test_long_spans_pass_in_leaps_and_end_in_ticks(clock: VirtualClock) -> None:
    ticks = LoopingCall(lambda: seen.append(clock.seconds()))
    ticks.clock = clock
    seen: list[float] = []
    ticks.start(1)
    clock.advance(timedelta(hours=4))
    assert clock.seconds() == HOURS_S
    assert seen[-int(LONG_S) :] == [
        HOURS_S - LONG_S + 1 + n for n in range(int(LONG_S))
    ]
    assert len(seen) < LONG_S + HOURS_S / LEAP_S + 2


def test_within_a_leap_an_answer_comes_before_its_time_out(
    clock: VirtualClock,
) -> None:
    seen: list[str] = []
    time_out = clock.callLater(30, seen.append, "timed out")

    def answer() -> None:
        clock.callLater(0, lambda: (seen.append("answered"), time_out.cancel()))

    clock.callLater(20, answer)
    clock.leap(60)
    assert seen == ["answered"]


def test_who_sets_the_clock_moves_no_time_out(clock: VirtualClock) -> None:
    seen: list[str] = []
    clock.callLater(5, seen.append, "due")
    clock.jump(timedelta(days=-1))
    assert clock.now() == START - timedelta(days=1)
    clock.advance(4)
    assert seen == []
    clock.advance(1)
    assert seen == ["due"]


def test_it_does_not_run_beneath_itself(clock: VirtualClock) -> None:
    refused: list[str] = []

    def meddle() -> None:
        clock.callLater(0, lambda: None)
        with pytest.raises(RuntimeError, match=r"cluster\.sleep") as caught:
            clock.advance(1)
        refused.append(str(caught.value))

    clock.callLater(0, meddle)
    clock.advance(1)
    assert refused


def test_it_begins_at_the_real_time_of_day() -> None:
    assert abs(VirtualClock().now() - datetime.now(UTC)) < timedelta(minutes=1)


def test_nothing_is_called_before_now() -> None:
    with pytest.raises(ValueError, match=r"delay is -0\.5, not at least 0"):
        VirtualClock().callLater(-0.5, print)
