"""Reads from a disk that may have changed what was stored.

What this process wrote since it began is believed: it is in the machine's memory. But
queue entries that were found in files at the start, and whatever a disk had to be
waited for, are held against each other: an entry must lead to a record that has its
size, names that place in the log, belongs at that place in that queue, and whose body
has its CRC. That costs about a microsecond a message, and only there.

What the format does not cover (the other fields of a record's head, its properties)
cannot be told apart from what was stored; ``twistedmq.store.sealed_reading`` can.
"""

import struct
from collections.abc import Sequence
from struct import Struct as Layout
from typing import Any, Final
from zlib import crc32

from twistedmq.protocol.command import Buffer
from twistedmq.protocol.record_crc import SealCheck
from twistedmq.protocol.record_layout import (
    BORN_HOST_V6,
    MAGIC_V1,
    MAGIC_V2,
    PACKED_V4,
    PACKED_V6,
    STORE_HOST_V6,
)
from twistedmq.store.errors import DamagedEntryError, DamagedRecordError
from twistedmq.store.interfaces import QueueRead, RecordPredicate
from twistedmq.store.queue_reading import (
    ReadLog,
    ReadPieces,
    read_selected,
)
from twistedmq.store.queue_state import ENTRY, ENTRY_BYTES, FILLER_SIZE
from twistedmq.store.sealed_reading import are_right

# size, magic, CRC, queue id, queue offset, physical offset, system flag
_HEAD: Final = Layout(">iIIi4xqqi")
_BORN_HOST_AT: Final = 48
_BETWEEN: Final = 8 + 12
"""Store time before the store host, reconsume times and prepared offset behind it."""
_INT: Final = Layout(">i")
_CRC_MASK: Final = 0x7FFFFFFF
_LARGE_BYTES: Final = 64 * 1024
_SIZE_BYTES: Final = 4


def select_checked(
    seals: SealCheck, queue: tuple[str, int], entries: bytes, offset: int, *how: Any
) -> QueueRead:
    """Do as ``read_selected`` for *queue*, and look at every record that it gives.

    *seals* says which records are held against their checksum as well; *how* is what
    that one wants besides. What comes before a damaged record is given.

    Raises:
        DamagedRecordError: the first record is damaged, or another than the queue says.
    """
    bounds, limits, log_min, tags, matches, read_log, read_pieces = how
    whole = _credible(entries, log_min, read_log)
    if not whole and entries:
        raise DamagedEntryError(*queue, offset)
    for part in (whole, whole[:ENTRY_BYTES]):
        places = _Places(read_log, read_pieces, matches)
        read = read_selected(
            part, offset, bounds, limits, log_min, tags,
            matches and places.matches, places.log, places.pieces,
        )  # fmt: skip
        if _fit(seals, queue, offset, read, places.of_records):
            return read
    raise DamagedRecordError(ENTRY.unpack_from(whole)[0])


class _Places:
    """Reads the log, and keeps where what is given out began."""

    def __init__(
        self,
        read_log: ReadLog,
        read_pieces: ReadPieces,
        matches: RecordPredicate | None,
    ) -> None:
        self._read_log = read_log
        self._read_pieces = read_pieces
        self._matches = matches
        self.of_records: list[int] = []

    def log(self, size: int, physical_offset: int) -> Buffer:
        self.of_records.append(physical_offset)
        return self._read_log(size, physical_offset)

    def pieces(self, starts: Sequence[int], ends: Sequence[int]) -> list[Buffer]:
        self.of_records.extend(starts)
        return self._read_pieces(starts, ends)

    def matches(self, record: Buffer) -> bool:
        assert self._matches is not None
        if self._matches(record):
            return True
        self.of_records.pop()
        return False


def _credible(entries: bytes, log_min: int, read_log: ReadLog) -> bytes:
    """Give the entries before the first that cannot be right.

    The records are to be read in one go, however large an entry says that they are.
    """
    last = -1
    for number, (physical_offset, size, _) in enumerate(ENTRY.iter_unpack(entries)):
        if size == FILLER_SIZE:
            continue
        wrong = size <= 0 or physical_offset <= last
        if not wrong and size > _LARGE_BYTES and physical_offset >= log_min:
            told = read_log(_SIZE_BYTES, physical_offset)
            wrong = int.from_bytes(told, signed=True) != size
        if wrong:
            return entries[: number * ENTRY_BYTES]
        last = physical_offset
    return entries


def _fit(
    seals: SealCheck,
    queue: tuple[str, int],
    offset: int,
    read: QueueRead,
    places: Sequence[int],
) -> bool:
    """Say whether what was read is what the queue says, from *offset* on."""
    try:
        if seals is SealCheck.NONE and _fit_quickly(queue, offset, read, places):
            return True
    except struct.error:
        return False
    # A light queue holds records that name another one as their own.
    return _lead_here(read.records, places) and are_right(seals, queue, offset, read)


def _lead_here(buffers: Sequence[Buffer], places: Sequence[int]) -> bool:
    return all(
        len(buffer) >= _HEAD.size and _HEAD.unpack_from(buffer)[5] == place
        for buffer, place in zip(buffers, places, strict=True)
    )


def _fit_quickly(
    queue: tuple[str, int], offset: int, read: QueueRead, places: Sequence[int]
) -> bool:
    topic, queue_id = queue[0].encode(), queue[1]
    unpack = _HEAD.unpack_from
    for buffer, place in zip(read.records, places, strict=True):
        at, length = 0, len(buffer)
        if not length:
            return False
        while at < length:
            size, magic, crc, own_queue, own_offset, own_place, flags = unpack(
                buffer, at
            )
            body = at + _BORN_HOST_AT + _BETWEEN
            body += PACKED_V6 if flags & BORN_HOST_V6 else PACKED_V4
            body += PACKED_V6 if flags & STORE_HOST_V6 else PACKED_V4
            body_end = body + 4 + _INT.unpack_from(buffer, body)[0]
            if magic == MAGIC_V1:
                name = body_end + 1
            elif magic == MAGIC_V2:
                name = body_end + 2
            else:
                return False
            properties = name + len(topic) + 2
            if (
                own_place != place + at
                or own_queue != queue_id
                or not offset <= own_offset < read.next_offset
                or not body + 4 <= body_end < name + len(topic) <= at + size <= length
                or buffer[name : name + len(topic)] != topic
                or int.from_bytes(buffer[body_end:name]) != len(topic)
                or properties + int.from_bytes(buffer[properties - 2 : properties])
                != at + size
                or (
                    (body_end > body + 4)
                    and crc32(buffer[body + 4 : body_end]) & _CRC_MASK != crc
                )
            ):
                return False
            offset = own_offset + 1
            at += size
    return True
