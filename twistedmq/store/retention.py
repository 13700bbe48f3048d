"""What is deleted and why: decisions over times, sizes and disk use. Pure.

Source: DefaultMessageStore.CleanCommitLogService.
"""

import time
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import Final

from msgspec import Struct

from twistedmq.config.store import StoreConfig
from twistedmq.store.disk_use import DiskUse

HOUR_MS: Final = 3_600_000


class DiskState(Struct, frozen=True):
    """How full the disks of one store are."""

    logs: Mapping[Path, DiskUse]
    """Of each folder of the commit log; it is full when the last of them is."""
    queue_folder: Path
    queues: DiskUse

    def roomiest(self) -> tuple[Path, DiskUse]:
        """Give the log folder in which a new file would find the most room."""
        return min(self.logs.items(), key=lambda i: (i[1].percent, -i[1].free_bytes))


class DiskLevel(IntEnum):
    """What the disk's use asks for; each level includes those before it."""

    FINE = 0
    HIGH = 1
    """Expired files are deleted at any hour."""
    URGENT = 2
    """The oldest files are deleted, expired or not."""
    FULL = 3
    """Nothing is stored."""


class DiskFinding(Struct, frozen=True):
    """What was found out about the disks."""

    level: DiskLevel
    text: str
    """Path, use, limit and the name of its setting; empty if all is fine."""


_FINE: Final = DiskFinding(DiskLevel.FINE, "")


def judge(state: DiskState, config: StoreConfig) -> DiskFinding:
    """Say how serious the use of the disks is."""
    disks = [state.roomiest(), (state.queue_folder, state.queues)]
    found = [_judge(path, use, config) for path, use in disks]
    return max(found, key=lambda finding: finding.level)


def _judge(path: Path, use: DiskUse, config: StoreConfig) -> DiskFinding:
    limits = (
        (DiskLevel.FULL, config.disk_full_percent, "diskSpaceWarningLevelRatio", 1),
        (DiskLevel.URGENT, config.disk_force_percent, "diskSpaceCleanForciblyRatio", 2),
        (DiskLevel.HIGH, config.disk_clean_percent, "diskMaxUsedSpaceRatio", 0),
    )
    for level, percent, name, times in limits:
        if use.percent > percent:
            text = f"the disk of {path} is {use.percent} % used, more than {percent} %"
            return DiskFinding(level, f"{text} ({name})")
        wanted = times * config.min_free_bytes
        if use.free_bytes < wanted:
            text = f"the disk of {path} has {use.free_bytes} bytes free, less than "
            text += f"{'twice ' * (times - 1)}{config.min_free_bytes}"
            return DiskFinding(level, f"{text} (minFreeDiskBytes)")
    return _FINE


def why_delete(
    modified_ms: int,
    now_ms: int,
    finding: DiskFinding,
    config: StoreConfig,
    asked: bool,
) -> str | None:
    """Say why a file last changed at *modified_ms* is deleted now; None if it is not.

    *asked* is whether somebody asked for expired files to be deleted at once.
    """
    if finding.level >= DiskLevel.URGENT and config.delete_unexpired:
        return finding.text
    if now_ms - modified_ms < config.reserved_hours * HOUR_MS:
        return None
    age = f"older than {config.reserved_hours} hours (fileReservedTime)"
    if asked or hour_of(now_ms) in config.delete_hours:
        return age
    if finding.level >= DiskLevel.HIGH:
        return f"{age}, and {finding.text}"
    return None


def hour_of(now_ms: int) -> int:
    """Give the hour of the day, local time."""
    return time.localtime(now_ms / 1000).tm_hour
