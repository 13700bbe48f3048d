"""Reads that give a message only if it is what was stored.

With the checksum over whole records (``twistedmq.protocol.record_crc``) a record proves
itself, and that it belongs into the queue in which it was found. That costs some
microseconds a message, so nobody pays for it who has not asked for that checksum.
"""

from collections.abc import Sequence
from typing import Any, Final

from twistedmq.config.store import StoreConfig
from twistedmq.protocol.command import Buffer
from twistedmq.protocol.record import MIN_RECORD_BYTES, physical_offset_of
from twistedmq.protocol.record_crc import SealCheck
from twistedmq.store.batch_reading import ReadBatch
from twistedmq.store.errors import DamagedRecordError
from twistedmq.store.interfaces import QueueRead
from twistedmq.store.log_scan import queues_of, scan
from twistedmq.store.queue_reading import ReadLog, read_selected
from twistedmq.store.queue_state import ENTRY, ENTRY_BYTES

_FAR: Final = 1 << 62
_LARGE_BYTES: Final = 64 * 1024
_SIZE_BYTES: Final = 4


def seal_check(config: StoreConfig) -> SealCheck:
    """Say which records are held against their checksum."""
    if config.requires_seals:
        return SealCheck.REQUIRED
    return SealCheck.PRESENT if config.seals_records else SealCheck.NONE


def select_sealed(
    seals: SealCheck,
    queue: tuple[str, int],
    entries: bytes,
    offset: int,
    *how: Any,
) -> QueueRead:
    """Do as ``read_selected`` for *queue*, and look at every record that it gives.

    *how* is what that one wants besides. What comes before a damaged record is given
    one at a time.

    Raises:
        DamagedRecordError: the first record is damaged, or another than the queue says.
    """
    read = read_selected(entries, offset, *how)
    if are_right(seals, queue, offset, read):
        return read
    first = entries[:ENTRY_BYTES]
    read = read_selected(first, offset, *how)
    if are_right(seals, queue, offset, read):
        return read
    raise DamagedRecordError(ENTRY.unpack(first)[0])


def checked_batches(
    seals: SealCheck, queue: tuple[str, int], read_log: ReadLog
) -> ReadBatch:
    """Give what reads the records of a batch queue, and looks at each of them.

    It raises DamagedRecordError for one that is not what the queue's entry says.
    """

    def read(size: int, physical_offset: int, queue_offset: int) -> Buffer:
        if size > _LARGE_BYTES:  # however large an entry says that it is
            told = int.from_bytes(read_log(_SIZE_BYTES, physical_offset), signed=True)
            size = size if told == size else 0
        record = read_log(size, physical_offset) if size > 0 else b""
        found = scan(memoryview(record), physical_offset, _FAR, seals=seals)
        if len(found.records) != 1 or found.end != physical_offset + size:
            raise DamagedRecordError(physical_offset)
        own = found.records[0]
        if (own.topic, own.queue_id, own.queue_offset) != (*queue, queue_offset):
            raise DamagedRecordError(physical_offset)
        return record

    return read


def are_right(
    seals: SealCheck, queue: tuple[str, int], offset: int, read: QueueRead
) -> bool:
    """Say whether all that was read is whole and belongs into *queue*, in order."""
    expected = offset
    for queue_offset in _offsets_of(read.records, seals, queue):
        if not expected <= queue_offset < read.next_offset:
            return False
        expected = queue_offset + 1
    return True


def _offsets_of(
    buffers: Sequence[Buffer], seals: SealCheck, queue: tuple[str, int]
) -> list[int]:
    """Give where in *queue* the records are to be; -1 for one that is not right."""
    offsets = []
    for buffer in buffers:
        if len(buffer) < MIN_RECORD_BYTES:
            return [-1]
        base = physical_offset_of(buffer)
        found = scan(memoryview(buffer), base, _FAR, seals=seals)
        if found.end != base + len(buffer):
            return [-1]
        for record in found.records:
            places = {(t, q): at for t, q, at in queues_of(record)}
            offsets.append(places.get(queue, -1))
    return offsets
