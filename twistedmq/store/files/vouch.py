"""The vouching file: up to which physical offset log, queues and index are on the disk.

It is written after they were synced, so recovery begins there. It is believed only
while the checkpoint file is the one written together with it, or the one before: the
genuine broker, which knows nothing of vouching, touches that one.
"""

from pathlib import Path
from typing import Final
from zlib import crc32

import msgspec
from msgspec import Struct

from twistedmq.store.files.checkpoint import Checkpoint, write_checkpoint
from twistedmq.store.files.paths import StorePaths
from twistedmq.store.files_layer import Files
from twistedmq.store.json_file import AtomicJsonFile

VOUCH_VERSION: Final = 2
_MOST_BYTES: Final = 1 << 16


class Vouch(Struct, kw_only=True):
    """What is vouched for."""

    version: int = VOUCH_VERSION
    offset: int
    """Log, queue entries and index items below this physical offset are on the disk."""
    segment_bytes: int
    queue_count: int
    entry_count: int
    """The next queue offsets of all queues, added up."""
    checkpoint_hex: str = ""
    """The checkpoint file that is written next."""
    before_hex: str = ""
    """The one that it replaces."""
    check: int = 0
    """CRC of all the rest: a wrong offset would be believed to the letter."""

    def sum_up(self) -> int:
        """Give what ``check`` must be."""
        rest = msgspec.structs.replace(self, check=0)
        return crc32(msgspec.json.encode(rest))


def read_vouch(files: Files, paths: StorePaths) -> Vouch | None:
    """Give the vouching file; None if it is missing, unreadable or stale.

    Where a loss of power left none, the one before it may still be right.
    """
    trace = _trace(files, paths.checkpoint)
    for path in vouch_files(paths):
        vouch = _read(files, path)
        if vouch is not None and trace in {vouch.checkpoint_hex, vouch.before_hex}:
            return vouch
    return None


def _read(files: Files, path: Path) -> Vouch | None:
    if files.size(path) is None:
        return None
    try:
        raw = bytes(files.open(path).read(_MOST_BYTES, 0))
        vouch = msgspec.json.decode(raw, type=Vouch)
    except (OSError, ValueError, msgspec.MsgspecError):
        return None
    right = vouch.version == VOUCH_VERSION and vouch.check == vouch.sum_up()
    return vouch if right else None


def write_vouch(
    files: Files, paths: StorePaths, vouch: Vouch, checkpoint: Checkpoint
) -> None:
    """Vouch for what is synced, all of it, and write the checkpoint that goes with it.

    In this order, so that there is no moment at which neither could be believed.
    """
    vouch.before_hex = _trace(files, paths.checkpoint)
    vouch.checkpoint_hex = checkpoint.encode().hex()
    vouch.check = vouch.sum_up()
    AtomicJsonFile(files, paths.vouch).save_now(msgspec.json.encode(vouch))
    write_checkpoint(files, paths.checkpoint, checkpoint)


def forget_vouch(files: Files, paths: StorePaths) -> None:
    """Vouch for nothing any more, for good."""
    for path in vouch_files(paths):
        files.remove(path)
    files.sync_folder(paths.root)


def vouch_files(paths: StorePaths) -> tuple[Path, Path]:
    """Give where it is, and where the one before it is."""
    return paths.vouch, paths.vouch.with_name(paths.vouch.name + ".bak")


def _trace(files: Files, checkpoint: Path) -> str:
    """Give what tells one checkpoint file from another; empty if there is none."""
    size = len(Checkpoint().encode())
    if not files.size(checkpoint):
        return ""
    return bytes(files.open(checkpoint).read(size, 0)).hex()
