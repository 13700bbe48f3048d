import os
from collections.abc import Callable
from pathlib import Path

import pytest

from twistedmq.store.files_layer import RealFiles
from twistedmq.store.timer.log import TimerLogFiles
from twistedmq.store.timer.progress import TimerProgress, write_progress
from twistedmq.store.timer.recovery import QueueFacts, Recovered, TimerFiles
from twistedmq.store.timer.slots import (
    Slot,
    encode_slot,
    slot_at,
    write_wheel,
)
from twistedmq.store.timer.units import DELETES, NOWHERE, WAITS, TimerUnit

FILES = RealFiles()
GRAIN_MS = 1000
LOG_BYTES = 1040
NOW_MS = 1_795_698_266_000
QUEUE = QueueFacts(0, 40, 100 * 40, NOW_MS + 6000)
LOST = QueueFacts(0, 30, 100 * 30, NOW_MS + 6000)
"""The same after a loss of power took the last ten messages."""


class Written:
    """A directory with 40 messages due at 10 times, as after a stop."""

    def __init__(self, root: Path, *, flushed: int = 40) -> None:
        self.root = root
        self.files = TimerFiles(FILES, root, GRAIN_MS, LOG_BYTES)
        log = TimerLogFiles(FILES, root / "timerlog", LOG_BYTES)
        self.slots: dict[int, Slot] = {}
        places = log.places(40)
        units = []
        for n, place in enumerate(places):
            delay_ms = 1000 * (n % 10 + 1)
            slot = self.slots.setdefault(NOW_MS + delay_ms, Slot(place, NOWHERE))
            kind = WAITS | DELETES if n == 7 else WAITS
            units.append(TimerUnit(slot.last, kind, NOW_MS, delay_ms, 100 * n, 100, 84))
            slot.last = place
            slot.count += -1 if kind & DELETES else 1
            if n + 1 == flushed:
                self._flush(place + 52, flushed)
        log.append(units)

    def _flush(self, log_place: int, queue_offset: int) -> None:
        slots = [
            (slot_at(t, GRAIN_MS), encode_slot(t, slot, GRAIN_MS))
            for t, slot in self.slots.items()
        ]
        write_wheel(FILES, self.files.wheel, slots)
        progress = TimerProgress(NOW_MS, log_place, queue_offset, queue_offset)
        write_progress(FILES, self.files.progress, progress)

    def recover(self, queue: QueueFacts = QUEUE) -> Recovered:
        return self.files.recover(queue)


def all_of(found: Recovered) -> dict[int, Slot]:
    """See that every slot leads to all its units."""
    for time_ms, slot in found.slots.items():
        units = list(found.log.chain(slot.last))
        assert {unit.due_ms for unit in units} == {time_ms}
        deletes = sum(bool(unit.kind & DELETES) for unit in units)
        assert slot.count == len(units) - 2 * deletes
    return found.slots


def test_without_files_nothing_waits(tmp_path: Path) -> None:
    files = TimerFiles(FILES, tmp_path, GRAIN_MS, LOG_BYTES)
    assert not files.exist()
    found = files.recover(QueueFacts(0, 0, 0, NOW_MS))
    assert (found.slots, found.notes) == ({}, [])
    assert files.new_log().places(1) == [0]
    assert list(tmp_path.iterdir()) == []


def test_after_a_stop_everything_is_as_it_was(tmp_path: Path) -> None:
    written = Written(tmp_path)
    assert written.files.exist()
    found = written.recover()
    assert all_of(found) == written.slots
    assert found.notes == []
    assert (found.changed, found.seen, found.is_whole) == (set(), set(), True)


@pytest.mark.parametrize("flushed", [1, 19, 20, 39])
def test_what_the_log_has_more_goes_into_the_wheel(
    tmp_path: Path, flushed: int
) -> None:
    written = Written(tmp_path, flushed=flushed)
    found = written.recover()
    assert all_of(found) == written.slots
    assert found.notes == []
    assert found.seen == {100 * n for n in range(flushed, 40)}
    assert found.changed == {NOW_MS + 1000 * (n % 10 + 1) for n in range(flushed, 40)}
    assert found.progress.queue_offset == flushed


def test_a_wheel_that_is_ahead_of_the_progress(tmp_path: Path) -> None:
    """The end came between the two writes of a flush: nothing is counted twice."""
    written = Written(tmp_path)
    progress = TimerProgress(NOW_MS, 52, 1, 1)
    write_progress(FILES, written.files.progress, progress)
    assert all_of(written.recover()) == written.slots


def test_what_was_delivered_is_left_out(tmp_path: Path) -> None:
    written = Written(tmp_path)
    progress = TimerProgress(NOW_MS + 5000, 52, 1, 1)
    write_progress(FILES, written.files.progress, progress)
    found = all_of(written.recover())
    assert found == {t: s for t, s in written.slots.items() if t >= NOW_MS + 5000}


def test_units_of_messages_that_a_loss_of_power_took(tmp_path: Path) -> None:
    found = Written(tmp_path, flushed=25).recover(LOST)
    assert found.seen == {100 * n for n in range(25, 30)}
    assert sum(slot.count for slot in found.slots.values()) == 28


def test_a_queue_that_is_shorter_than_it_was(tmp_path: Path) -> None:
    found = Written(tmp_path).recover(LOST)
    assert found.progress.queue_offset == 30
    assert found.notes == [
        f"{tmp_path}/config/timercheck is at message 40 of a queue that has 30: it "
        "goes on there"
    ]


def test_a_time_that_has_not_come_yet_is_not_believed(tmp_path: Path) -> None:
    written = Written(tmp_path)
    progress = TimerProgress(NOW_MS + 10**9, 52, 1, 1)
    write_progress(FILES, written.files.progress, progress)
    found = written.recover()
    assert min(all_of(found)) == NOW_MS + 6000
    assert "what is due from now on is delivered" in found.notes[0]


def gone(path: Path) -> None:
    path.unlink()


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:20])


def foreign(path: Path) -> None:
    size = min(path.stat().st_size, 1 << 20)
    with path.open("r+b") as file:
        file.seek(-size, 2) if path.name == "timerwheel" else None
        file.write(b"\xff" * size)


def blank(path: Path) -> None:
    size = path.stat().st_size
    path.write_bytes(b"")
    os.truncate(path, size)


@pytest.mark.parametrize("damage", [gone, torn, foreign, blank])
def test_a_wheel_that_is_lost(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    written = Written(tmp_path, flushed=25)
    damage(tmp_path / "timerwheel")
    found = written.recover()
    assert all_of(found) == written.slots
    assert found.notes[-1].startswith("the timer wheel was made anew")
    assert len(found.notes) == 2
    assert found.is_whole
    assert found.changed == set(written.slots)
    assert not (tmp_path / "timerwheel").exists()


@pytest.mark.parametrize("damage", [gone, torn, foreign])
def test_a_progress_that_is_lost(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    written = Written(tmp_path)
    damage(tmp_path / "config" / "timercheck")
    found = written.recover()
    assert all_of(found) == written.slots
    assert not found.is_whole
    assert found.seen == {100 * n for n in range(40)}
    assert "the timer topic is gone through again" in found.notes[-1]


def test_a_snapshot_says_that_the_wheel_is_old(tmp_path: Path) -> None:
    written = Written(tmp_path)
    (tmp_path / "timerwheel.2080").write_bytes(b"x")
    found = written.recover()
    assert all_of(found) == written.slots
    assert "timerwheel.2080" in found.notes[0]
    assert not (tmp_path / "timerwheel.2080").exists()


def test_a_log_with_files_of_another_size_goes_on(tmp_path: Path) -> None:
    written = Written(tmp_path)
    other = TimerFiles(FILES, tmp_path, GRAIN_MS, 4096)
    found = other.recover(QUEUE)
    assert all_of(found) == written.slots
    assert "files of 1040 bytes" in found.notes[0]
    assert "mappedFileSizeTimerLog=4096" in found.notes[0]


def test_a_log_with_files_of_many_sizes_is_set_aside(tmp_path: Path) -> None:
    written = Written(tmp_path)
    torn(tmp_path / "timerlog" / f"{1040:020d}")
    found = written.recover()
    assert found.slots == {}
    assert not found.is_whole
    assert "set aside as timerlog.damaged" in found.notes[0]
    assert len(list((tmp_path / "timerlog.damaged").iterdir())) == 3
