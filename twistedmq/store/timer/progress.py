"""The genuine file ``timercheck``: how far the timers of a broker are done.

int64 each: time up to which slots are delivered, place in the timer log up to which it
and the wheel are on the disk, next offset of the timer topic's queue that is to go into
the wheel, the same as the master has it; then the version. Source: TimerCheckpoint.
"""

from pathlib import Path
from struct import Struct as Layout
from typing import Final

from msgspec import Struct

from twistedmq.store.files_layer import Files, write_all

PROGRESS_BYTES: Final = 4096
_FIELDS: Final = Layout(">7q")
_OLD_FIELDS: Final = Layout(">4q")
"""What brokers wrote before there was a version."""


class TimerProgress(Struct):
    """How far the timers are done."""

    read_ms: int = 0
    """All slots before this time are delivered."""
    log_place: int = 0
    """Units before this place are on the disk, and so are their slots."""
    queue_offset: int = 0
    """All messages of the timer topic before this offset are in the wheel."""
    master_queue_offset: int = 0
    state_version: int = 0
    changed_ms: int = 0
    counter: int = 0

    def encode(self) -> bytes:
        """Give the fields as the file, and the answer to GET_TIMER_CHECK_POINT, hold
        them.
        """
        return _FIELDS.pack(
            self.read_ms,
            self.log_place,
            self.queue_offset,
            self.master_queue_offset,
            self.state_version,
            self.changed_ms,
            self.counter,
        )


def decode_progress(data: bytes) -> TimerProgress:
    """Read the fields.

    Raises:
        ValueError: too few bytes, or numbers that cannot be.
    """
    if len(data) < _OLD_FIELDS.size:
        raise ValueError(f"it has {len(data)} bytes")
    layout = _FIELDS if len(data) >= _FIELDS.size else _OLD_FIELDS
    progress = TimerProgress(*layout.unpack_from(data))
    if min(progress.read_ms, progress.log_place, progress.queue_offset) < 0:
        raise ValueError(f"it holds {progress}")
    return progress


def read_progress(files: Files, path: Path) -> TimerProgress | None:
    """Give what *path* says; None if there is no such file.

    Raises:
        ValueError: what it holds is no progress.
    """
    if files.size(path) is None:
        return None
    return decode_progress(bytes(files.open(path).read(_FIELDS.size, 0)))


def write_progress(files: Files, path: Path, progress: TimerProgress) -> None:
    """Write it in place, as the genuine broker does, and sync it."""
    file = files.open(path, create=True)
    if file.size() < PROGRESS_BYTES:
        file.resize(PROGRESS_BYTES)
    write_all(file, progress.encode(), 0)
    file.sync()
