from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.store.timer.log import (
    BrokenChainError,
    MemoryTimerLog,
    TimerLog,
    TimerLogFiles,
)
from twistedmq.store.timer.units import NOWHERE, UNIT_BYTES, WAITS, TimerUnit, is_end
from twistedmq.testing import FakeFiles

FOLDER = Path("/store/timerlog")
FILE_BYTES = 1040  # 19 units, as in the recorded directories


def file_log(files: FakeFiles | None = None) -> TimerLogFiles:
    return TimerLogFiles(files or FakeFiles(), FOLDER, FILE_BYTES)


def unit(number: int, previous: int = NOWHERE) -> TimerUnit:
    return TimerUnit(previous, WAITS, 1000, number, 100 * number, 99, 7)


def put(log: TimerLog, count: int, first: int = 0) -> list[int]:
    """Put a chain of units into one slot; gives their places."""
    places = log.places(count)
    before = [NOWHERE, *places]
    log.append([unit(first + n, before[n]) for n in range(count)])
    return places


def numbers(log: TimerLog, last: int) -> list[int]:
    return [found.delay_ms for found in log.chain(last)]


@pytest.mark.parametrize("make", [MemoryTimerLog, file_log])
def test_a_chain_leads_back(make: Callable[[], TimerLog]) -> None:
    log = make()
    places = put(log, 50)
    assert numbers(log, places[-1]) == list(reversed(range(50)))
    assert numbers(log, places[3]) == [3, 2, 1, 0]
    log.sync()
    with pytest.raises(BrokenChainError, match=str(log.end)):
        numbers(log, log.end)
    with pytest.raises(BrokenChainError):
        numbers(log, places[3] + 1)


@pytest.mark.parametrize("make", [MemoryTimerLog, file_log])
def test_units_whose_records_are_gone_are_dropped(make: Callable[[], TimerLog]) -> None:
    log = make()
    places = put(log, 50)
    log.forget_before(100 * 25)
    assert 0 < log.begin <= places[25]
    assert numbers(log, places[-1])[0] == 49
    assert numbers(log, places[-1])[-1] <= 25
    assert put(log, 1, 50)[0] > places[-1]


def test_a_file_ends_where_the_genuine_one_does() -> None:
    files = FakeFiles()
    log = file_log(files)
    places = put(log, 20)
    assert places[18:] == [936, 1040]
    assert sorted(files.list(FOLDER)) == [f"{n * FILE_BYTES:020d}" for n in (0, 1)]
    data = bytes(files.open(FOLDER / f"{0:020d}").read(FILE_BYTES, 0))
    assert is_end(data, 988)
    assert int.from_bytes(data[988:992]) == 52
    assert files.size(FOLDER / f"{FILE_BYTES:020d}") == FILE_BYTES


@given(st.lists(st.integers(1, 45), max_size=6))
def test_what_was_written_is_found_again(batches: list[int]) -> None:
    files = FakeFiles()
    log, written = file_log(files), 0
    for count in batches:
        put(log, count, written)
        written += count
    again = file_log(files)
    found = list(again.units_from(0))
    assert [u.delay_ms for _, u in found] == list(range(written))
    end = found[-1][0] + UNIT_BYTES if found else 0
    assert end == log.end
    again.cut(end)
    assert again.is_behind_unit(end)
    assert again.places(1) == log.places(1)
    middle = found[len(found) // 2][0] if found else 0
    assert [p for p, _ in again.units_from(middle)] == [
        p for p, _ in found if p >= middle
    ]


@given(st.integers(0, 3 * FILE_BYTES), st.binary(min_size=1, max_size=90), st.data())
def test_a_damaged_log_ends_at_the_damage(
    at: int, damage: bytes, data: st.DataObject
) -> None:
    files = FakeFiles()
    put(file_log(files), 50)
    start = at - at % FILE_BYTES
    path = FOLDER / f"{start:020d}"
    if files.size(path) is not None:
        files.open(path).write(damage[: FILE_BYTES - at % FILE_BYTES], at - start)
    log = file_log(files)
    found = list(log.units_from(0))
    end = found[-1][0] + UNIT_BYTES if found else 0
    log.cut(end)
    assert file_log(files).is_behind_unit(end)
    assert list(file_log(files).units_from(0)) == found
    # What was behind the damage does not come back.
    more = data.draw(st.integers(1, 25))
    put(log, more, 1000)
    again = [u.delay_ms for _, u in file_log(files).units_from(0)]
    assert again == [u.delay_ms for _, u in found] + list(range(1000, 1000 + more))


def test_where_a_log_may_end() -> None:
    log = file_log()
    assert log.is_behind_unit(0)
    put(log, 19)
    for place in (0, 52, 988, 1040):
        assert log.is_behind_unit(place), place
    for place in (51, 1039, 1092, 2080, 5200):
        assert not log.is_behind_unit(place), place


def test_a_full_disk_changes_nothing() -> None:
    files = FakeFiles()
    log = file_log(files)
    put(log, 5)
    files.room_bytes = 10
    end = log.end
    with pytest.raises(OSError, match="space"):
        put(log, 30, 5)
    assert log.end == end
    files.room_bytes = None
    places = put(log, 30, 5)
    assert numbers(log, places[-1]) == list(reversed(range(5, 35)))
    assert len(list(file_log(files).units_from(0))) == 35
