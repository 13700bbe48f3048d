"""What the platform offers for files, asked once at the start.

Each ability has an ordinary path beside it; ``TWISTEDMQ_PLAIN_IO=1`` in the environment
switches all of them off, so that tests can run that path on any machine.
"""

import os
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final

from twistedmq.store import kernel_syncs, mapped_view, whole_disk

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Name this run of the machine; empty where the system has no name for it."""
    if os.environ.get("TWISTEDMQ_PLAIN_IO"):
        return ""
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


@dataclass(frozen=True)
class Capabilities:
    """Which of the faster or safer calls may be used."""

    positional: bool
    """pread and pwrite; otherwise seek, then read or write, under a lock."""
    no_wait: bool
    """Reads that give up instead of waiting for a disk."""
    mapped: bool
    """Views of a mapping, where the system tells what of it is in memory."""
    data_sync: bool
    """fdatasync; otherwise fsync."""
    directory_sync: bool
    """Directories can be opened and synced."""
    record_locks: bool
    """fcntl locks, which a Java program notices."""
    holes: bool
    """Where a sparse file has no data can be asked."""
    whole_disk: bool
    """Everything on a disk can be synced at once."""
    advice: bool
    """The system can be told how a file will be read."""
    kernel_syncs: bool
    """The system may sync a file by itself, and tell the reactor when it is done."""

    @classmethod
    def detect(cls) -> "Capabilities":
        """Give what this platform has."""
        if os.environ.get("TWISTEDMQ_PLAIN_IO"):
            # A lock is no shortcut: without it two brokers would share a store.
            return replace(cls.ordinary(), record_locks=os.name == "posix")
        return cls(
            positional=hasattr(os, "pread") and hasattr(os, "pwrite"),
            no_wait=hasattr(os, "preadv") and hasattr(os, "RWF_NOWAIT"),
            mapped=mapped_view.is_available(),
            data_sync=hasattr(os, "fdatasync"),
            directory_sync=os.name == "posix",
            record_locks=os.name == "posix",
            holes=hasattr(os, "SEEK_DATA"),
            whole_disk=whole_disk.is_available(),
            advice=hasattr(os, "posix_fadvise"),
            kernel_syncs=kernel_syncs.is_available(),
        )

    @classmethod
    def ordinary(cls) -> "Capabilities":
        """Give what every platform has."""
        return cls(*[False] * len(fields(cls)))
