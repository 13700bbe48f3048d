"""How messages are kept."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class FlushMode(Enum):
    """When an acknowledged message is on the disk."""

    ASYNC = "ASYNC_FLUSH"
    """Written to the file at once, synced soon after."""
    SYNC = "SYNC_FLUSH"
    """Synced before it is acknowledged."""


@dataclass(frozen=True)
class StoreConfig:
    """Files, their sizes, when they are synced, and how much one read gives."""

    root_directory: Path = Path.home() / "store"
    log_folders: str = ""
    """The folders of the commit log, if it is not in one below the root."""
    read_only_log_folders: str = ""
    """Folders with segments of the commit log that get no new ones."""
    folder_separator: str = ","
    """What stands between folders in the two settings above."""

    segment_bytes: int = 1024 * 1024 * 1024
    """Size of one file of the commit log."""
    queue_file_bytes: int = 6_000_000
    """Size of one consume queue file; each entry has 20 bytes."""
    batch_queue_file_bytes: int = 13_800_000
    """Size of one batch consume queue file; each entry has 46 bytes."""
    extended_file_bytes: int = 50_331_648
    """Size of one file of extended units, as a genuine broker wrote them."""

    light_queues_enabled: bool = False
    multi_dispatch: bool = False
    """Whether messages go into the light queues they name: both must be on."""
    max_light_queues: int = 20_000

    index_enabled: bool = True
    index_strategy: str = ""
    """``scheme:arguments`` of the index; empty is the store's own."""
    index_slots: int = 5_000_000
    index_items: int = 20_000_000
    index_query_limit: int = 64
    """The most messages one key query gives."""

    flush_mode: FlushMode = FlushMode.ASYNC
    flush_interval_ms: int = 500
    """How often the commit log is synced with ASYNC_FLUSH."""
    queue_write_interval_ms: int = 1_000
    """How soon queue entries and index items go from memory into their files."""
    vouch_interval_ms: int = 5_000
    """How often everything is synced and the vouching file written."""
    vouch_bytes: int = 64 * 1024 * 1024
    """How much log at most is written before the same happens earlier."""

    open_files: int = 512
    """How many files are kept open beside those being written."""
    reader_threads: int = 4
    """Threads for cold reads."""
    reads_ahead: bool = True
    """Whether the system reads more of the log than it is asked for."""
    tail_entries: int = 1_024
    """How many of a queue's last entries stay in memory for readers."""
    warm_queues: int = 1_024
    """How many queues keep their last entries in memory."""

    max_message_bytes: int = 4 * 1024 * 1024
    max_recent_read_count: int = 32
    max_recent_read_bytes: int = 256 * 1024
    """What one read gives at most of data that is likely in memory."""
    max_old_read_count: int = 8
    max_old_read_bytes: int = 64 * 1024
    """What one read gives at most of older data."""
    recent_memory_percent: int = 40
    """How much of the machine's memory is taken to hold recent messages."""
    max_filter_bytes: int = 16_000
    """How many bytes of queue entries one read looks at for a match."""

    check_crc_on_recover: bool = True
    seals_records: bool = False
    """Whether a checksum over the whole record is added to each."""
    requires_seals: bool = False
    """Whether a record without that checksum counts as damaged."""
    delay_levels: str = "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h"

    reserved_hours: int = 72
    """How long messages are kept, counted from the last change of their log file."""
    delete_hours: tuple[int, ...] = (4,)
    """The hours of the day, local time, in which expired files are deleted."""
    clean_interval_ms: int = 10_000
    """How often it is looked whether anything is to be deleted."""
    delete_pause_ms: int = 100
    """Between two files of the commit log."""
    delete_queue_pause_ms: int = 100
    """Between two slices of queues whose files are deleted."""
    delete_batch: int = 10
    """How many files of the commit log are deleted at most between two looks."""
    delete_retry_ms: int = 120_000
    """How long after a file could not be deleted it is tried again."""
    disk_clean_percent: int = 75
    """Above it expired files are deleted at any hour."""
    disk_force_percent: int = 85
    """Above it the oldest files are deleted even if they are not expired."""
    disk_full_percent: int = 90
    """Above it nothing is stored."""
    delete_unexpired: bool = True
    """Whether a disk that is nearly full may cost messages that are not expired."""
    min_free_bytes: int = 0
    """With less free space nothing is stored; 0: whatever the percentages say."""
    disk_check_interval_ms: int = 1_000
    """How often the disk is asked how full it is."""
    memory_store_bytes: int = 1024 * 1024 * 1024
    """How much the store in memory holds."""
