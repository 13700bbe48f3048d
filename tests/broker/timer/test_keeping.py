"""What is written behind the work; that it is read again: see test_service.py."""

from pathlib import Path
from typing import Any

import pytest
from timer_kit import NOW_MS, TimerSide

from twistedmq.store.files_layer import RealFiles
from twistedmq.store.timer.log import TimerLogFiles
from twistedmq.store.timer.progress import read_progress
from twistedmq.store.timer.slots import Slot, read_wheel
from twistedmq.testing import HeldWorkers

FILES = RealFiles()


@pytest.fixture
def side(tmp_path: Path) -> TimerSide:
    return TimerSide(tmp_path).start()


def test_everything_is_written_a_second_later(side: TimerSide, tmp_path: Path) -> None:
    side.send("a", TIMER_DELAY_SEC="50")
    side.send("b", TIMER_DELAY_SEC="60")
    assert not (tmp_path / "timerwheel").exists()
    side.advance(1)
    slots = {NOW_MS + 49_000: Slot(0, 0, 1), NOW_MS + 59_000: Slot(52, 52, 1)}
    assert read_wheel(FILES, tmp_path / "timerwheel", 1000, 0) == slots
    progress = read_progress(FILES, tmp_path / "config" / "timercheck")
    assert progress is not None
    assert progress.read_ms == NOW_MS + 1000
    assert progress.log_place == 104
    assert progress.queue_offset == progress.master_queue_offset == 2
    assert (progress.counter, progress.changed_ms) == (1, NOW_MS + 1000)
    assert b'"T":{"count":2' in (tmp_path / "config" / "timermetrics").read_bytes()
    side.advance(50)
    side.advance(1)
    assert read_wheel(FILES, tmp_path / "timerwheel", 1000, 0) == {
        NOW_MS + 59_000: Slot(52, 52, 1)
    }


def test_an_idle_broker_writes_nothing(side: TimerSide, tmp_path: Path) -> None:
    side.send("a", TIMER_DELAY_SEC="500")
    side.advance(1)
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    for _ in range(20):
        side.advance(10)
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == before


def test_what_could_not_be_written_is_tried_again(
    side: TimerSide, tmp_path: Path, logged: Any
) -> None:
    (tmp_path / "timerwheel").mkdir()
    side.send("a", TIMER_DELAY_SEC="50")
    side.advance(3)
    assert logged("timer files could not be written", "timerwheel", "tried again")
    assert not (tmp_path / "config" / "timercheck").exists()
    (tmp_path / "timerwheel").rmdir()
    side.advance(1)
    assert len(read_wheel(FILES, tmp_path / "timerwheel", 1000, 0)) == 1


def test_what_changes_meanwhile_is_written_next(tmp_path: Path) -> None:
    side = TimerSide(tmp_path).start()
    workers = side.keeping._workers = HeldWorkers()
    side.send("a", TIMER_DELAY_SEC="50")
    side.advance(1)
    side.send("b", TIMER_DELAY_SEC="60")
    stopped = side.service.stopService()
    assert not stopped.called
    workers.go_on_all()
    side.settle()
    workers.go_on_all()
    assert stopped.called
    assert len(read_wheel(FILES, tmp_path / "timerwheel", 1000, 0)) == 2


def test_units_are_dropped_with_their_messages(side: TimerSide, tmp_path: Path) -> None:
    for n in range(40):
        side.send(f"n{n}", TIMER_DELAY_SEC="2")
    side.advance(5)
    log = side.keeping.timer_log
    assert log.begin == 0
    status = side.store.status()
    side.store.status = lambda: {**status, "min_offset": status["max_offset"]}
    side.advance(40)
    side.send("more", TIMER_DELAY_SEC="2")
    side.advance(5)
    assert log.begin == 2080
    assert TimerLogFiles(FILES, tmp_path / "timerlog", 1040).begin == 2080


def test_nothing_is_kept_for_a_store_that_keeps_nothing() -> None:
    side = TimerSide().start()
    side.send("a", TIMER_DELAY_SEC="5")
    side.advance(1)
    side.restart(kill=True)
    assert side.backlog.waiting == 1  # found in the queue again
    side.advance(6)
    assert side.got() == ["a"]


def test_counts_that_are_lost_cost_nothing_else(
    side: TimerSide, tmp_path: Path, logged: Any
) -> None:
    side.send("a", TIMER_DELAY_SEC="5")
    side.advance(1)
    side.stop()
    for path in (tmp_path / "config").glob("timermetrics*"):
        path.write_bytes(b"{")
    side._make()
    side.start()
    assert logged("timers:", "timermetrics cannot be read", "from 0 on")
    side.advance(6)
    assert side.got() == ["a"]
