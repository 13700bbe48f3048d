import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.store.commit_pace import CommitPace


def after_a_sync(took_s: float = 0.004) -> CommitPace:
    """A sync of 600 of the 1000 bytes in flight ended at 10.0 s."""
    pace = CommitPace()
    pace.synced(10.0, took_s, before=0, flushed=600, wanted=1000)
    return pace


def test_the_first_sync_waits_for_nobody() -> None:
    assert CommitPace().wait_s(10.0, 1) == 0.0


def test_the_next_waits_until_what_was_in_flight_is_back() -> None:
    pace = after_a_sync()
    assert pace.wait_s(10.0, 1000) == 0.002
    assert pace.wait_s(10.0005, 1400) > 0
    assert pace.wait_s(10.0005, 1500) == 0.0


def test_it_waits_no_longer_than_a_part_of_a_sync() -> None:
    pace = after_a_sync(took_s=0.001)
    assert pace.wait_s(10.0, 1000) == pytest.approx(0.0005)
    assert pace.wait_s(10.00051, 1000) == 0.0


def test_what_is_quick_is_not_waited_for() -> None:
    assert after_a_sync(took_s=0.0003).wait_s(10.0, 1000) == 0.0


def test_one_at_a_time_never_waits() -> None:
    pace, now_s = CommitPace(), 10.0
    for end in range(1000, 50_000, 1000):
        assert pace.wait_s(now_s, end) == 0.0
        pace.began(end)
        now_s += 0.004
        pace.synced(now_s, 0.004, end - 1000, end, end)


def test_who_does_not_come_back_is_soon_not_waited_for() -> None:
    pace, now_s, waits = CommitPace(), 10.0, []
    for end in range(1000, 41_000, 1000):
        pace.synced(now_s, 0.004, end - 1000, end, end)
        waits.append(pace.wait_s(now_s, end + 1))
        pace.began(end + 1)
        now_s += 0.1
    assert waits[:2] == pytest.approx([0.002, 0.001])
    assert not any(waits[5:])


def test_it_is_tried_again_later() -> None:
    pace = after_a_sync()
    for _ in range(10):
        pace.began(0)
    for n in range(64):
        pace.synced(10.0, 0.004, 0, 600, 1000)
        assert n == 63 or pace.wait_s(10.0, 700) == 0.0
    pace.synced(10.0, 0.004, 0, 600, 1000)
    assert pace.wait_s(10.0, 700) > 0


@given(st.floats(-1e6, 1e6), st.integers(0, 2**40))
def test_a_clock_that_jumps_delays_nothing_for_long(jump_s: float, end: int) -> None:
    assert 0 <= after_a_sync().wait_s(10.0 + jump_s, end) <= 0.002
