from hypothesis import given
from hypothesis import strategies as st

from twistedmq.broker.timer.wheel import Wheel
from twistedmq.store.timer.slots import SLOT_BYTES, WHEEL_SLOTS, Slot, slot_at
from twistedmq.store.timer.units import DELETES, NOWHERE, WAITS, TimerUnit

GRAIN_MS = 1000


def unit(time_ms: int, kind: int = WAITS) -> TimerUnit:
    return TimerUnit(NOWHERE, kind, 0, time_ms, 0, 1, 0)


def wheel_of(*times_ms: int) -> Wheel:
    wheel = Wheel(GRAIN_MS)
    for number, time_ms in enumerate(times_ms):
        wheel.put(number * 52, unit(time_ms))
    return wheel


def test_an_empty_wheel() -> None:
    wheel = Wheel(GRAIN_MS)
    assert wheel.next_time() is None
    assert (len(wheel), wheel.waiting, wheel.count_at(5000)) == (0, 0, 0)
    assert wheel.last_of(5000) == NOWHERE
    assert wheel.copy_of(5000) is None
    assert wheel.take_changes() == set()
    wheel.remove(5000)
    assert wheel.take_changes() == set()


def test_what_is_put_in() -> None:
    wheel = wheel_of(5000, 7000, 5000)
    wheel.put(156, unit(5000, WAITS | DELETES))
    assert wheel.copy_of(5000) == Slot(0, 156, 1)
    assert wheel.last_of(7000) == 52
    assert wheel.count_at(5999) == 1
    assert wheel.waiting == 2
    assert wheel.counts_until([5000, 6000, 8000]) == [1, 0, 1]
    assert wheel.floor(5999) == 5000


@given(st.lists(st.integers(1, 50).map(lambda n: n * GRAIN_MS)))
def test_times_come_out_in_order(times_ms: list[int]) -> None:
    wheel, found = wheel_of(*times_ms), list[int]()
    while (time_ms := wheel.next_time()) is not None:
        found.append(time_ms)
        wheel.remove(time_ms)
    assert found == sorted(set(times_ms))
    assert wheel.waiting == 0


def test_what_changed_goes_into_the_file() -> None:
    wheel = wheel_of(5000, 7000)
    assert wheel.take_changes() == {5000, 7000}
    wheel.remove(5000)
    changed = wheel.take_changes()
    assert changed == {5000}
    assert wheel.encoded(changed) == [(5, bytes(SLOT_BYTES))]
    wheel.give_back(changed)
    assert wheel.take_changes() == {5000}
    [(number, data)] = wheel.encoded([7000])
    assert number == slot_at(7000, GRAIN_MS)
    assert data.startswith((7).to_bytes(8))


def test_a_slot_of_another_fortnight_is_not_wiped_out() -> None:
    turn_ms = WHEEL_SLOTS * GRAIN_MS
    wheel = wheel_of(5000, 5000 + turn_ms)
    wheel.remove(5000)
    assert wheel.encoded([5000]) == []
    wheel = wheel_of(5000, 5000 + turn_ms)
    wheel.remove(5000 + turn_ms)
    assert wheel.encoded([5000 + turn_ms]) == []


def test_it_is_filled_from_a_file() -> None:
    wheel = wheel_of(3000)
    wheel.fill({9000: Slot(0, 52, 2), 5000: Slot(104, 104, 1)}, [9000])
    assert wheel.next_time() == 5000
    assert (len(wheel), wheel.waiting) == (2, 3)
    assert wheel.take_changes() == {9000}
