"""What is deleted and why: the thresholds of the genuine broker, and ours."""

import time
from pathlib import Path

import pytest

from twistedmq.config.store import StoreConfig
from twistedmq.store.disk_use import DiskUse
from twistedmq.store.retention import (
    HOUR_MS,
    DiskFinding,
    DiskLevel,
    DiskState,
    hour_of,
    judge,
    why_delete,
)

LOG, QUEUES = Path("/log"), Path("/queues")
NOW_MS = 1_700_000_000_000
FINE = DiskFinding(DiskLevel.FINE, "")


def used(percent: int) -> DiskUse:
    return DiskUse(percent << 30, (100 - percent) << 30, 100 << 30)


def finding(log: int, queues: int = 0, **changes: int) -> DiskFinding:
    return judge(DiskState({LOG: used(log)}, QUEUES, used(queues)), config(**changes))


def config(**changes: object) -> StoreConfig:
    return StoreConfig(**changes)  # type: ignore[arg-type]


def at_hour(hour: int) -> int:
    """Give a time on some day at which the clock shows *hour*, local time."""
    return next(
        ms
        for ms in range(NOW_MS, NOW_MS + 48 * HOUR_MS, HOUR_MS)
        if time.localtime(ms / 1000).tm_hour == hour
    )


@pytest.mark.parametrize(
    ("percent", "level"),
    [
        (75, DiskLevel.FINE),
        (76, DiskLevel.HIGH),
        (85, DiskLevel.HIGH),
        (86, DiskLevel.URGENT),
        (90, DiskLevel.URGENT),
        (91, DiskLevel.FULL),
        (100, DiskLevel.FULL),
    ],
)
def test_each_level_begins_above_its_percentage(percent: int, level: DiskLevel) -> None:
    assert finding(percent).level is level
    assert finding(0, percent).level is level


def test_the_finding_says_path_use_limit_and_setting() -> None:
    assert finding(95).text == (
        "the disk of /log is 95 % used, more than 90 % (diskSpaceWarningLevelRatio)"
    )
    assert "the disk of /queues is 80 %" in finding(10, 80).text
    assert "(diskMaxUsedSpaceRatio)" in finding(10, 80).text


def test_the_log_is_full_when_the_last_of_its_folders_is() -> None:
    logs = {LOG: used(99), Path("/other"): used(50)}
    assert judge(DiskState(logs, QUEUES, used(0)), config()).level is DiskLevel.FINE


@pytest.mark.parametrize(
    ("free", "level"),
    [(200, DiskLevel.FINE), (199, DiskLevel.URGENT), (99, DiskLevel.FULL)],
)
def test_free_bytes_count_too(free: int, level: DiskLevel) -> None:
    state = DiskState({LOG: DiskUse(1, free, 1000)}, QUEUES, used(0))
    found = judge(state, config(min_free_bytes=100))
    assert found.level is level
    if level is DiskLevel.URGENT:
        assert "199 bytes free, less than twice 100 (minFreeDiskBytes)" in found.text


def why(
    age_hours: float,
    now_ms: int,
    found: DiskFinding = FINE,
    asked: bool = False,
    **changes: object,
) -> str | None:
    modified_ms = now_ms - int(age_hours * HOUR_MS)
    return why_delete(modified_ms, now_ms, found, config(**changes), asked)


def test_what_is_old_goes_at_the_hour() -> None:
    assert why(72, at_hour(4)) == "older than 72 hours (fileReservedTime)"
    assert why(71.99, at_hour(4)) is None
    assert why(1000, at_hour(5)) is None
    assert why(1000, at_hour(16), delete_hours=(4, 16)) is not None
    assert why(1000, at_hour(4), delete_hours=()) is None
    assert why(1, at_hour(4), reserved_hours=1) is not None


def test_what_is_old_goes_when_somebody_asks() -> None:
    assert why(73, at_hour(5), asked=True) is not None
    assert why(71, at_hour(5), asked=True) is None


def test_what_is_old_goes_at_any_hour_from_a_disk_that_fills_up() -> None:
    full = finding(80)
    assert why(73, at_hour(5), full) == (
        "older than 72 hours (fileReservedTime), and the disk of /log is 80 % used, "
        "more than 75 % (diskMaxUsedSpaceRatio)"
    )
    assert why(71, at_hour(5), full) is None


@pytest.mark.parametrize("percent", [86, 95])
def test_everything_goes_from_a_nearly_full_disk(percent: int) -> None:
    full = finding(percent)
    assert why(0, at_hour(5), full) == full.text
    assert why(0, at_hour(5), full, delete_unexpired=False) is None
    assert why(73, at_hour(5), full, delete_unexpired=False) is not None


def test_a_clock_that_was_put_back_keeps_what_comes_from_the_future() -> None:
    assert why(-100, at_hour(4)) is None


def test_hours_are_local() -> None:
    assert hour_of(NOW_MS) == time.localtime(NOW_MS / 1000).tm_hour
