"""The genuine broker's checkpoint file: up to which time things are on the disk."""

from pathlib import Path
from struct import Struct as Layout
from typing import Final

from msgspec import Struct

from twistedmq.store.files_layer import Files, write_all

CHECKPOINT_BYTES: Final = 4096
_FIELDS: Final = Layout(">5q")
_SLACK_MS: Final = 3000
"""How far a genuine broker goes back behind the times it finds here."""


class Checkpoint(Struct):
    """Store times of the last messages on the disk, in ms."""

    log_ms: int = 0
    queues_ms: int = 0
    index_ms: int = 0
    """The last message of the last index file that is whole on the disk."""
    master_flushed_offset: int = 0
    confirm_offset: int = 0

    @property
    def safe_ms(self) -> int:
        """What was stored until then is on the disk, queues included."""
        return max(min(self.log_ms, self.queues_ms) - _SLACK_MS, 0)

    def encode(self) -> bytes:
        """Give the fields as the file holds them."""
        return _FIELDS.pack(
            self.log_ms,
            self.queues_ms,
            self.index_ms,
            self.master_flushed_offset,
            self.confirm_offset,
        )


def read_checkpoint(files: Files, path: Path) -> Checkpoint:
    """Give the checkpoint at *path*; one of zeros if there is none."""
    size = files.size(path)
    if size is None or size < _FIELDS.size:
        return Checkpoint()
    return Checkpoint(*_FIELDS.unpack(files.open(path).read(_FIELDS.size, 0)))


def write_checkpoint(files: Files, path: Path, checkpoint: Checkpoint) -> None:
    """Write it in place, as the genuine broker does, and sync it."""
    file = files.open(path, create=True)
    if file.size() < CHECKPOINT_BYTES:
        file.resize(CHECKPOINT_BYTES)
    write_all(file, checkpoint.encode(), 0)
    file.sync()
