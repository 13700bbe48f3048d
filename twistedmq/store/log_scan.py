"""From bytes of the log back to what queues and index need: recovery and replication.

A pure function over a buffer. It believes nothing: a record counts only if its size,
magic, physical offset, inner lengths and body CRC all fit.
"""

from enum import Enum
from functools import lru_cache
from struct import Struct as Layout
from typing import Final
from zlib import crc32

from msgspec import Struct

from twistedmq.protocol import properties
from twistedmq.protocol.names import (
    SCHEDULE_TOPIC,
    is_lmq,
    may_be_light_queue,
    may_fill_light_queues,
)
from twistedmq.protocol.record import BLANK_MAGIC
from twistedmq.protocol.record_crc import Seal, SealCheck, seal_of
from twistedmq.protocol.record_layout import (
    BORN_HOST_V6,
    MAGIC_V1,
    MAGIC_V2,
    PACKED_V4,
    PACKED_V6,
    STORE_HOST_V6,
)
from twistedmq.store.delay_levels import DelayLevels

BLANK: Final = Layout(">iI")
"""What ends a segment: the bytes left in it and a magic; the rest is zeros."""
BLANK_BYTES: Final = BLANK.size

# size, magic, CRC, queue id, flag, queue offset, physical offset, sys flag, born time
_HEAD: Final = Layout(">iIIiiqqiq")
_LONG: Final = Layout(">q")
_INT: Final = Layout(">i")
_LIGHT_OFFSETS: Final = b"INNER_MULTI_QUEUE_OFFSET"
_CRC_MASK: Final = 0x7FFFFFFF
_SMALLEST: Final = _HEAD.size + PACKED_V4 + 8 + PACKED_V4 + 4 + 8 + 4 + 1 + 2
STORE_TIME_REACH: Final = _HEAD.size + PACKED_V6 + 8
"""How many bytes of a record hold its store time, wherever exactly that is."""


class LoggedRecord(Struct, gc=False):
    """What queues and index need of one record."""

    physical_offset: int
    size: int
    topic: str
    queue_id: int
    queue_offset: int
    sys_flag: int
    store_ms: int
    properties: bytes


class ScanEnd(Enum):
    """Why a scan ended."""

    MORE = "the buffer ends before or inside a record"
    BLANK = "the rest of the segment is blank"
    BROKEN = "what follows is no whole record"
    UNSEALED = "what follows has no checksum over the whole record"


class Scan(Struct):
    """What a buffer holds."""

    records: list[LoggedRecord]
    end: int
    """Physical offset behind the last whole record."""
    reason: ScanEnd


class _BrokenRecordError(Exception):
    pass


class _UnsealedRecordError(Exception):
    pass


def scan(
    buffer: memoryview,
    base: int,
    segment_end: int,
    check_crc: bool = True,
    seals: SealCheck = SealCheck.NONE,
) -> Scan:
    """Give the records at the start of *buffer*, whose first byte is at offset *base*.

    *segment_end* is the physical offset at which the segment ends. *seals* counts only
    with *check_crc*.
    """
    checks = check_crc, seals if check_crc else SealCheck.NONE
    records: list[LoggedRecord] = []
    at, length = 0, len(buffer)
    unpack = BLANK.unpack_from
    while at + BLANK_BYTES <= length:
        size, magic = unpack(buffer, at)
        if magic == BLANK_MAGIC:
            whole = base + at + size == segment_end
            return Scan(records, base + at, ScanEnd.BLANK if whole else ScanEnd.BROKEN)
        if (
            size < _SMALLEST
            or magic not in (MAGIC_V1, MAGIC_V2)
            or base + at + size > segment_end
        ):
            return Scan(records, base + at, ScanEnd.BROKEN)
        if at + size > length:
            break
        try:
            records.append(_parse(buffer[at : at + size], base + at, *checks))
        except _BrokenRecordError:
            return Scan(records, base + at, ScanEnd.BROKEN)
        except _UnsealedRecordError:
            return Scan(records, base + at, ScanEnd.UNSEALED)
        at += size
    return Scan(records, base + at, ScanEnd.MORE)


def _parse(
    record: memoryview, physical_offset: int, check_crc: bool, seals: SealCheck
) -> LoggedRecord:
    (
        size, magic, crc, queue_id, _, queue_offset, own_offset, sys_flag, _,
    ) = _HEAD.unpack_from(record)  # fmt: skip
    at = _HEAD.size + (PACKED_V6 if sys_flag & BORN_HOST_V6 else PACKED_V4)
    (store_ms,) = _LONG.unpack_from(record, at)
    at += 8 + (PACKED_V6 if sys_flag & STORE_HOST_V6 else PACKED_V4) + 12
    if own_offset != physical_offset or queue_offset < 0 or at + 4 > size:
        raise _BrokenRecordError
    (body_length,) = _INT.unpack_from(record, at)
    at += 4
    body_end = at + body_length
    if body_length < 0 or body_end + 4 > size:
        raise _BrokenRecordError
    if check_crc and body_length and crc32(record[at:body_end]) & _CRC_MASK != crc:
        raise _BrokenRecordError
    if magic == MAGIC_V1:
        at = body_end + 1
        topic_end = at + record[body_end]
    else:
        at = body_end + 2
        topic_end = at + (record[body_end] << 8 | record[body_end + 1])
    if topic_end + 2 > size:
        raise _BrokenRecordError
    end = topic_end + 2 + (record[topic_end] << 8 | record[topic_end + 1])
    if end != size:
        raise _BrokenRecordError
    # No CRC covers topic and properties, but what was torn off would be zeros.
    if not record[topic_end - 1] or (topic_end + 2 < end and not record[end - 1]):
        raise _BrokenRecordError
    if seals is not SealCheck.NONE:
        seal = seal_of(record)
        if seal is Seal.BROKEN:
            raise _BrokenRecordError
        if seal is Seal.MISSING and seals is SealCheck.REQUIRED:
            raise _UnsealedRecordError
    return LoggedRecord(
        physical_offset,
        size,
        _topic(bytes(record[at:topic_end])),
        queue_id,
        queue_offset,
        sys_flag,
        store_ms,
        bytes(record[topic_end + 2 : end]),
    )


@lru_cache(maxsize=65536)
def _topic(name: bytes) -> str:
    return name.decode("utf-8", "replace")


def store_time_of(head: memoryview | bytes) -> int:
    """Give the store time in ms of the record that *head* begins; -1 if it is none."""
    if len(head) < _HEAD.size + PACKED_V4 + 8:
        return -1
    fields = _HEAD.unpack_from(head)
    if fields[1] not in (MAGIC_V1, MAGIC_V2):
        return -1
    at = _HEAD.size + (PACKED_V6 if fields[7] & BORN_HOST_V6 else PACKED_V4)
    return int(_LONG.unpack_from(head, at)[0]) if at + 8 <= len(head) else -1


class TagsCodes:
    """What the queue entry of a logged record holds.

    The hash of its tag; for a message that waits in the schedule topic, the time at
    which it is to be delivered.
    """

    def __init__(self, delay_levels: str) -> None:
        """*delay_levels* is the setting: ``1s 5s 10s ...``."""
        self._delays = DelayLevels(delay_levels)

    def of(self, record: LoggedRecord) -> int:
        """Give the tags code of *record*."""
        if record.topic == SCHEDULE_TOPIC:
            due_ms = self._delays.due_ms(record.properties, record.store_ms)
            if due_ms is not None:
                return due_ms
        tag = properties.get(record.properties, b"TAGS")
        return _tags_code(tag) if tag else 0


@lru_cache(maxsize=65536)
def _tags_code(tag: bytes) -> int:
    return properties.tags_code(tag.decode("utf-8", "replace"))


def queues_of(record: LoggedRecord, light: bool = True) -> list[tuple[str, int, int]]:
    """Give the (topic, queue id, queue offset) of each queue that holds *record*.

    That is its own and, where there are *light* queues, each that it was dispatched to.
    """
    own = [(record.topic, record.queue_id, record.queue_offset)]
    if not light or _LIGHT_OFFSETS not in record.properties:
        if record.topic.isidentifier():
            return own  # nearly all
        light = False
    if "/" in record.topic or record.topic in {"", ".", ".."}:
        return []  # no folder may be named like that, so no queue can be
    offsets = properties.get(record.properties, _LIGHT_OFFSETS)
    if not light or offsets is None or not may_fill_light_queues(record.topic):
        return own
    names = properties.get(record.properties, b"INNER_MULTI_DISPATCH") or b""
    pairs = zip(
        names.decode("utf-8", "replace").split(","),
        offsets.decode("utf-8", "replace").split(","),
        strict=False,
    )
    return own + [
        (name, 0 if is_lmq(name) else record.queue_id, int(offset))
        for name, offset in pairs
        if may_be_light_queue(name) and offset.isascii() and offset.isdigit()
    ]
