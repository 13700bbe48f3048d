"""The vouching file: up to which physical offset log, queues and index are on the disk.

It is written after they were synced, so recovery begins there. It is believed only
while the checkpoint file is the one written together with it: the genuine broker, which
knows nothing of vouching, touches that one.
"""

from pathlib import Path
from typing import Final
from zlib import crc32

import msgspec
from msgspec import Struct

from twistedmq.store.files.paths import StorePaths
from twistedmq.store.files_layer import Files
from twistedmq.store.json_file import AtomicJsonFile

VOUCH_VERSION: Final = 2


class Vouch(Struct):
    """What is vouched for."""

    version: int
    offset: int
    """Log, queue entries and index items below this physical offset are on the disk."""
    segment_bytes: int
    queue_count: int
    entry_count: int
    """The next queue offsets of all queues, added up."""
    checkpoint_hex: str
    checkpoint_modified_ns: int
    check: int = 0
    """CRC of all the rest: a wrong offset would be believed to the letter."""

    def sum_up(self) -> int:
        """Give what ``check`` must be."""
        rest = (
            self.version,
            self.offset,
            self.segment_bytes,
            self.queue_count,
            self.entry_count,
            self.checkpoint_hex,
            self.checkpoint_modified_ns,
        )
        return crc32(repr(rest).encode())


def read_vouch(files: Files, paths: StorePaths) -> Vouch | None:
    """Give the vouching file; None if it is missing, unreadable or stale."""
    path = paths.vouch
    if files.size(path) is None or files.size(paths.checkpoint) is None:
        return None
    try:
        raw = bytes(files.open(path).read(1 << 16, 0))
        vouch = msgspec.json.decode(raw, type=Vouch)
    except (OSError, ValueError, msgspec.MsgspecError):
        return None
    trace = _trace(files, paths.checkpoint)
    written_by = vouch.checkpoint_hex, vouch.checkpoint_modified_ns
    if vouch.version != VOUCH_VERSION or vouch.check != vouch.sum_up():
        return None
    return vouch if trace == written_by else None


def write_vouch(
    files: Files,
    paths: StorePaths,
    offset: int,
    segment_bytes: int,
    queue_count: int,
    entry_count: int,
) -> None:
    """Vouch for everything below *offset*. All of it, and the checkpoint, is synced."""
    trace = _trace(files, paths.checkpoint)
    counts = queue_count, entry_count
    vouch = Vouch(VOUCH_VERSION, offset, segment_bytes, *counts, *trace)
    vouch.check = vouch.sum_up()
    AtomicJsonFile(files, paths.vouch).save_now(msgspec.json.encode(vouch))


def _trace(files: Files, checkpoint: Path) -> tuple[str, int]:
    head = bytes(files.open(checkpoint).read(40, 0))
    return head.hex(), files.modified_ns(checkpoint)
