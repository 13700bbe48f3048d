"""The keys of the store."""

from collections.abc import Callable
from typing import Any, Final

from twistedmq.config.keys import Key
from twistedmq.config.store import FlushMode, StoreConfig
from twistedmq.config.values import (
    BOOLEAN,
    COUNT,
    DELAYS,
    NAME,
    PATH,
    TEXT,
    choice,
    paths_in,
    whole_number,
)

_PERCENT = whole_number(1, 100)

_PLACE_KEYS = (
    Key(
        "storePathRootDir",
        PATH,
        StoreConfig,
        "root_directory",
        "Folder of everything that the broker keeps.",
        shown_default="${user.home}/store",
        at_restart=True,
        important=True,
    ),
    Key(
        "storePathCommitLog",
        TEXT,
        StoreConfig,
        "log_folders",
        "Folder of the commit log, or several with a comma between them, among which "
        "its files are spread; empty is commitlog below the root.",
        at_restart=True,
        important=True,
    ),
    Key(
        "readOnlyCommitLogStorePaths",
        TEXT,
        StoreConfig,
        "read_only_log_folders",
        "Folders that hold files of the commit log and get no new ones.",
        at_restart=True,
    ),
    Key(
        "multiPathSplitter",
        choice({",": ",", ":": ":"}),
        StoreConfig,
        "folder_separator",
        "What stands between the folders in storePathCommitLog and "
        "readOnlyCommitLogStorePaths; a genuine broker takes it from the system "
        "property rocketmq.broker.multiPathSplitter.",
        genuine=False,
        at_restart=True,
    ),
    Key(
        "mappedFileSizeCommitLog",
        whole_number(4096, 2**31 - 1),
        StoreConfig,
        "segment_bytes",
        "Size of one file of the commit log.",
        at_restart=True,
    ),
    Key(
        "mappedFileSizeConsumeQueue",
        COUNT,
        StoreConfig,
        "queue_file_bytes",
        "Size of one consume queue file; each entry has 20 bytes.",
        at_restart=True,
    ),
)

_INDEX_KEYS = (
    Key(
        "messageIndexEnable",
        BOOLEAN,
        StoreConfig,
        "index_enabled",
        "Keep an index of keys.",
        at_restart=True,
        important=True,
    ),
    Key(
        "indexStrategy",
        NAME,
        StoreConfig,
        "index_strategy",
        "The index as SCHEME:ARGUMENTS (hash, none, or a plugin's); empty is the "
        "store's own.",
        genuine=False,
        at_restart=True,
    ),
    Key(
        "maxHashSlotNum",
        COUNT,
        StoreConfig,
        "index_slots",
        "Hash slots of one index file.",
        at_restart=True,
    ),
    Key(
        "maxIndexNum",
        COUNT,
        StoreConfig,
        "index_items",
        "Items of one index file.",
        at_restart=True,
    ),
    Key(
        "maxMsgsNumBatch",
        COUNT,
        StoreConfig,
        "index_query_limit",
        "Most messages that a query by key gives.",
    ),
)

_FLUSH_KEYS = (
    Key(
        "flushDiskType",
        choice({mode.value: mode for mode in FlushMode}),
        StoreConfig,
        "flush_mode",
        "Whether a message is on the disk when it is acknowledged (SYNC_FLUSH) or "
        "soon after.",
        at_restart=True,
        important=True,
    ),
    Key(
        "flushIntervalCommitLog",
        COUNT,
        StoreConfig,
        "flush_interval_ms",
        "How often the commit log is synced with ASYNC_FLUSH.",
        important=True,
    ),
    Key(
        "flushIntervalConsumeQueue",
        COUNT,
        StoreConfig,
        "queue_write_interval_ms",
        "How soon queue entries go from memory into their files.",
    ),
    Key(
        "vouchIntervalMillis",
        COUNT,
        StoreConfig,
        "vouch_interval_ms",
        "How often everything is synced, so that a start after a crash is quick; up to "
        "30 s later while very many queues have new messages.",
        genuine=False,
    ),
    Key(
        "vouchBytes",
        COUNT,
        StoreConfig,
        "vouch_bytes",
        "After how many bytes of messages the same happens earlier.",
        genuine=False,
    ),
)

_READ_KEYS = (
    Key(
        "maxTransferCountOnMessageInMemory",
        COUNT,
        StoreConfig,
        "max_recent_read_count",
        "Messages of one pull, of recent ones.",
        important=True,
    ),
    Key(
        "maxTransferBytesOnMessageInMemory",
        COUNT,
        StoreConfig,
        "max_recent_read_bytes",
        "Bytes of one pull, of recent messages.",
        important=True,
    ),
    Key(
        "maxTransferCountOnMessageInDisk",
        COUNT,
        StoreConfig,
        "max_old_read_count",
        "Messages of one pull, of old ones.",
        important=True,
    ),
    Key(
        "maxTransferBytesOnMessageInDisk",
        COUNT,
        StoreConfig,
        "max_old_read_bytes",
        "Bytes of one pull, of old messages.",
        important=True,
    ),
    Key(
        "accessMessageInMemoryMaxRatio",
        _PERCENT,
        StoreConfig,
        "recent_memory_percent",
        "Share of the machine's memory that is taken to hold recent messages.",
        important=True,
    ),
    Key(
        "maxFilterMessageSize",
        COUNT,
        StoreConfig,
        "max_filter_bytes",
        "Bytes of queue entries that one pull looks at for a match.",
    ),
    Key(
        "maxMessageSize",
        COUNT,
        StoreConfig,
        "max_message_bytes",
        "Largest message in bytes.",
    ),
)

_RESOURCE_KEYS = (
    Key(
        "openFiles",
        COUNT,
        StoreConfig,
        "open_files",
        "Files kept open beside those being written.",
        genuine=False,
        at_restart=True,
    ),
    Key(
        "readerThreads",
        COUNT,
        StoreConfig,
        "reader_threads",
        "Threads for cold reads, and as many again for syncs, recovery and the rest.",
        genuine=False,
        at_restart=True,
    ),
    Key(
        "dataReadAheadEnable",
        BOOLEAN,
        StoreConfig,
        "reads_ahead",
        "Whether the operating system may read more of the log from the disk than a "
        "cold read asks for. false is for consumers that pick few messages here and "
        "there.",
    ),
    Key(
        "tailEntries",
        COUNT,
        StoreConfig,
        "tail_entries",
        "Last entries of a queue that stay in memory.",
        genuine=False,
        at_restart=True,
    ),
    Key(
        "warmQueues",
        COUNT,
        StoreConfig,
        "warm_queues",
        "Queues that keep their last entries in memory.",
        genuine=False,
        at_restart=True,
    ),
    Key(
        "checkCRCOnRecover",
        BOOLEAN,
        StoreConfig,
        "check_crc_on_recover",
        "Check every message's checksum at a start after a crash.",
        at_restart=True,
    ),
    Key(
        "enabledAppendPropCRC",
        BOOLEAN,
        StoreConfig,
        "seals_records",
        "Add a checksum over the whole record to each message, and look at it when a "
        "message is read or recovered.",
        at_restart=True,
    ),
    Key(
        "forceVerifyPropCRC",
        BOOLEAN,
        StoreConfig,
        "requires_seals",
        "Refuse a message that has no such checksum: only for a store of which every "
        "message was written with enabledAppendPropCRC.",
        at_restart=True,
    ),
    Key(
        "messageDelayLevel",
        DELAYS,
        StoreConfig,
        "delay_levels",
        "The delay of each level, from level 1 on.",
        at_restart=True,
    ),
)


def check_log_folders(value_of: Callable[[str], Any]) -> str | None:
    """See that new files of the commit log have somewhere to go."""
    separator = value_of("multiPathSplitter")
    folders = set(paths_in(value_of("storePathCommitLog"), separator))
    read_only = value_of("readOnlyCommitLogStorePaths")
    own = folders or {value_of("storePathRootDir") / "commitlog"}
    if own <= set(paths_in(read_only, separator)):
        return (
            f"readOnlyCommitLogStorePaths={read_only} holds every folder of "
            "storePathCommitLog: at least one must take new files"
        )
    return None


def check_seals(value_of: Callable[[str], Any]) -> str | None:
    """See that messages get the checksum without which they would not be read."""
    if value_of("forceVerifyPropCRC") and not value_of("enabledAppendPropCRC"):
        return (
            "forceVerifyPropCRC=true takes each message without a checksum of its "
            "whole record for damaged: set enabledAppendPropCRC=true as well"
        )
    return None


STORE_KEYS: Final[tuple[Key, ...]] = (
    *_PLACE_KEYS,
    *_INDEX_KEYS,
    *_FLUSH_KEYS,
    *_READ_KEYS,
    *_RESOURCE_KEYS,
)
