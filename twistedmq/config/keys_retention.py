"""The keys of the store that say how long messages are kept."""

from typing import Final

from twistedmq.config.keys import Key
from twistedmq.config.store import StoreConfig
from twistedmq.config.values import (
    AMOUNT,
    BOOLEAN,
    COUNT,
    HOURS,
    LONG_AMOUNT,
    clamped,
    whole_number,
)

_AGE_KEYS = (
    Key(
        "fileReservedTime",
        AMOUNT,
        StoreConfig,
        "reserved_hours",
        "Hours that messages are kept.",
        important=True,
    ),
    Key(
        "deleteWhen",
        HOURS,
        StoreConfig,
        "delete_hours",
        "Hours of the day in which expired files are deleted.",
        important=True,
    ),
    Key(
        "cleanResourceInterval",
        COUNT,
        StoreConfig,
        "clean_interval_ms",
        "How often it is looked whether anything is to be deleted.",
    ),
    Key(
        "deleteCommitLogFilesInterval",
        AMOUNT,
        StoreConfig,
        "delete_pause_ms",
        "Pause between the deletion of two commit log files.",
    ),
    Key(
        "deleteConsumeQueueFilesInterval",
        AMOUNT,
        StoreConfig,
        "delete_queue_pause_ms",
        "Pause between two slices of queues whose files are deleted.",
    ),
    Key(
        "deleteFileBatchMax",
        COUNT,
        StoreConfig,
        "delete_batch",
        "Most commit log files deleted between two looks.",
        important=True,
    ),
    Key(
        "redeleteHangedFileInterval",
        COUNT,
        StoreConfig,
        "delete_retry_ms",
        "How long after a file could not be deleted it is tried again.",
    ),
)

_DISK_KEYS = (
    Key(
        "diskMaxUsedSpaceRatio",
        clamped(10, 95),
        StoreConfig,
        "disk_clean_percent",
        "Disk use above which expired files are deleted at any hour.",
    ),
    Key(
        "diskSpaceCleanForciblyRatio",
        clamped(30, 85),
        StoreConfig,
        "disk_force_percent",
        "Disk use above which the oldest files are deleted, expired or not.",
    ),
    Key(
        "diskSpaceWarningLevelRatio",
        clamped(35, 90),
        StoreConfig,
        "disk_full_percent",
        "Disk use above which sends are refused.",
    ),
    Key(
        "cleanFileForciblyEnable",
        BOOLEAN,
        StoreConfig,
        "delete_unexpired",
        "Whether a nearly full disk costs files that are not expired.",
        important=True,
    ),
    Key(
        "minFreeDiskBytes",
        LONG_AMOUNT,
        StoreConfig,
        "min_free_bytes",
        "Free space below which sends are refused; below twice as much the oldest "
        "files are deleted. 0: only the percentages count.",
        genuine=False,
    ),
    Key(
        "diskCheckInterval",
        whole_number(100, 3_600_000),
        StoreConfig,
        "disk_check_interval_ms",
        "How often the disk is asked how full it is.",
        genuine=False,
    ),
    Key(
        "memoryStoreBytes",
        whole_number(65_536, 2**47),
        StoreConfig,
        "memory_store_bytes",
        "How much `--store memory` holds.",
        genuine=False,
        at_restart=True,
    ),
)

RETENTION_KEYS: Final[tuple[Key, ...]] = (*_AGE_KEYS, *_DISK_KEYS)
