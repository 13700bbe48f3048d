from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from twistedmq.remoting.timer_wheel import Timer, TimerWheel, monotonic_of


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def wheel(clock: Clock) -> TimerWheel:
    return TimerWheel(clock, 0.1)


def test_a_time_out_fires_at_its_time_with_its_arguments(clock, wheel):
    fired: list[Any] = []
    wheel.schedule(1.0, fired.append, "now")
    clock.advance(0.99)
    assert fired == []
    clock.advance(0.01)
    assert fired == ["now"]


def test_many_time_outs_use_one_delayed_call_and_none_when_empty(clock, wheel):
    timers = [wheel.schedule(1 + i / 7, lambda: None) for i in range(100)]
    assert len(clock.getDelayedCalls()) == 1
    assert len(wheel) == 100
    for timer in timers:
        timer.cancel()
    assert len(wheel) == 0
    assert clock.getDelayedCalls() == []


def test_an_earlier_time_out_is_not_kept_waiting_by_a_later_one(clock, wheel):
    fired: list[str] = []
    wheel.schedule(60, fired.append, "late")
    wheel.schedule(1, fired.append, "early")
    clock.advance(1)
    assert fired == ["early"]
    clock.advance(59)
    assert fired == ["early", "late"]
    assert clock.getDelayedCalls() == []


def test_many_ticks_are_caught_up_at_once_and_in_order(clock, wheel):
    fired: list[float] = []
    for delay in (5.0, 0.3, 2.0, 0.1):
        wheel.schedule(delay, fired.append, delay)
    clock.advance(3600)
    assert fired == [0.1, 0.3, 2.0, 5.0]


def test_cancelling_twice_or_after_firing_does_nothing(clock, wheel):
    fired: list[int] = []
    timer = wheel.schedule(1, fired.append, 1)
    other = wheel.schedule(2, fired.append, 2)
    timer.cancel()
    timer.cancel()
    clock.advance(2)
    other.cancel()
    assert fired == [2]
    assert len(wheel) == 0


def test_one_may_cancel_another_of_the_same_tick(clock, wheel):
    fired: list[str] = []
    timers: list[Timer] = []
    wheel.schedule(1, lambda: [timer.cancel() for timer in timers])
    timers.append(wheel.schedule(1, fired.append, "second"))
    clock.advance(1)
    assert fired == []
    assert len(wheel) == 0


def test_setting_a_time_out_while_firing_waits_for_the_next_round(clock, wheel):
    fired: list[float] = []

    def again() -> None:
        fired.append(clock.seconds())
        if len(fired) < 3:
            wheel.schedule(0, again)

    wheel.schedule(0, again)
    clock.pump([0, 0.1, 0.1, 0.1])
    assert len(fired) == 3
    assert clock.getDelayedCalls() == []


def test_an_error_stops_no_other(clock, wheel, logged_failures):
    fired: list[str] = []
    wheel.schedule(1, lambda: 1 // 0)
    wheel.schedule(1, fired.append, "fired")
    clock.advance(1)
    assert fired == ["fired"]
    assert len(logged_failures.flush(ZeroDivisionError)) == 1


def test_the_monotonic_clock_decides_not_the_reactors(clock):
    now = [100.0]
    fired: list[str] = []
    wheel = TimerWheel(clock, 0.1, monotonic=lambda: now[0])
    wheel.schedule(10, fired.append, "fired")
    clock.advance(3600)  # the wall clock was set forward
    assert fired == []
    now[0] = 110.0
    clock.advance(10)
    assert fired == ["fired"]


def test_a_virtual_clock_is_its_own_monotonic_clock(clock):
    assert monotonic_of(clock) == clock.seconds


@given(
    st.lists(st.tuples(st.floats(0, 50), st.booleans(), st.floats(0, 10)), max_size=30)
)
def test_each_fires_once_never_early_and_less_than_two_ticks_late(steps):
    clock = Clock()
    wheel = TimerWheel(clock, 0.5)
    fired: dict[int, float] = {}
    wanted: dict[int, float] = {}
    for number, (delay, cancelled, advance) in enumerate(steps):
        timer = wheel.schedule(
            delay, lambda n=number: fired.setdefault(n, clock.seconds())
        )
        if cancelled:
            timer.cancel()
        else:
            wanted[number] = clock.seconds() + delay
        for _ in range(int(advance / 0.25)):
            clock.advance(0.25)
    for _ in range(400):
        clock.advance(0.25)
    assert fired.keys() == wanted.keys()
    for number, due in wanted.items():
        assert -0.01 <= fired[number] - due <= 1.0
    assert clock.getDelayedCalls() == []
