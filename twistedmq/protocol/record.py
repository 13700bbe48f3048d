"""The stored message: what the commit log holds and a pull answer carries.

Layout, big endian: int32 size, int32 magic, int32 body CRC, int32 queue id, int32
flag, int64 queue offset, int64 physical offset, int32 system flag, int64 born time,
born host, int64 store time, store host, int32 reconsume times, int64 prepared offset,
int32 n and the body, uint8 (V1) or uint16 (V2) n and the topic, uint16 n and the
properties. A host is 4 or 16 address bytes, as the system flag says, and a 4-byte port.

Records are written by ``record_layout``, many at a time; here they are read.
"""

import struct
from struct import Struct as Packing
from typing import Final, NamedTuple
from zlib import crc32

from msgspec import Struct

from twistedmq.protocol.command import Buffer
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.record_layout import MAGIC_V1, MAGIC_V2, lay_out, record_sizes
from twistedmq.protocol.send_batch import SendBatch
from twistedmq.protocol.system_flags import (
    BORN_HOST_V6,
    STORE_HOST_V6,
    born_host_bytes,
    store_host_bytes,
)

BLANK_MAGIC: Final = 0xCBD43194
"""Magic of what fills the end of a segment: int32 bytes left, magic, zeros."""

SIZE_AT: Final = 0
MAGIC_AT: Final = 4
BODY_CRC_AT: Final = 8
QUEUE_ID_AT: Final = 12
FLAG_AT: Final = 16
QUEUE_OFFSET_AT: Final = 20
PHYSICAL_OFFSET_AT: Final = 28
SYS_FLAG_AT: Final = 36
BORN_TIME_AT: Final = 40
BORN_HOST_AT: Final = 48
"""Where fields stand in a record; behind the born host it depends on the hosts."""

MIN_RECORD_BYTES: Final = 91
"""Bytes of a record without topic, body and properties, with IPv4 hosts."""

_HEAD: Final = Packing(">iIIiiqqiq")
_TAIL: Final = Packing(">iqi")
_INT32: Final = Packing(">i")
_SHORT_WAY: Final = Packing(">4xI28xi44xi")
"""Magic, system flag and body length of a record with IPv4 hosts."""
_INT64: Final = Packing(">q")
_PROPERTIES_MAX_BYTES: Final = 0x7FFF
_CRC_MASK: Final = 0x7FFFFFFF


class RecordError(TwistedMQError):
    """Bytes that are no whole record."""


class Record(Struct, kw_only=True):
    """One stored message; ``body`` is as stored, so it may be compressed."""

    topic: str
    queue_id: int = 0
    flag: int = 0
    queue_offset: int = 0
    physical_offset: int = 0
    sys_flag: int = 0
    born_ms: int = 0
    born_host: bytes = b"\0" * 8
    store_ms: int = 0
    store_host: bytes = b"\0" * 8
    reconsume_times: int = 0
    prepared_offset: int = 0
    body: bytes = b""
    properties: bytes = b""
    size: int = 0
    """Bytes of the whole record."""
    body_crc: int = 0


def decode_record(buffer: Buffer, offset: int = 0, *, check_crc: bool = True) -> Record:
    """Read the record that starts at *offset*.

    Raises:
        RecordError: there is no whole record, or its body is not what was stored.
    """
    left = len(buffer) - offset
    if left < MIN_RECORD_BYTES:
        raise RecordError(f"a record of {left} bytes")
    size, magic, crc, queue_id, flag, queue_offset, physical, sys_flag, born_ms = (
        _HEAD.unpack_from(buffer, offset)
    )
    if magic not in {MAGIC_V1, MAGIC_V2}:
        raise RecordError(f"no record begins with the magic {magic:08X}")
    if not MIN_RECORD_BYTES <= size <= left:
        raise RecordError(f"a record of {size} bytes where {left} are left")
    end = offset + size
    store_time_at = offset + BORN_HOST_AT + born_host_bytes(sys_flag)
    store_host_at = store_time_at + 8
    tail_at = store_host_at + store_host_bytes(sys_flag)
    body_at = tail_at + _TAIL.size
    if body_at > end:
        raise RecordError(f"a record of {size} bytes is shorter than its hosts")
    reconsume_times, prepared, body_bytes = _TAIL.unpack_from(buffer, tail_at)
    body, at = _take(buffer, body_at, body_bytes, end)
    topic, at = _counted(buffer, at, 1 if magic == MAGIC_V1 else 2, end)
    properties, at = _counted(buffer, at, 2, end)
    if at != end:
        raise RecordError(f"a record of {size} bytes has {end - at} too many")
    if check_crc and body and crc32(body) & _CRC_MASK != crc:
        raise RecordError(f"the body of the record at {physical} has another CRC")
    return Record(
        topic=topic.decode("utf-8", "replace"),
        queue_id=queue_id,
        flag=flag,
        queue_offset=queue_offset,
        physical_offset=physical,
        sys_flag=sys_flag,
        born_ms=born_ms,
        born_host=bytes(buffer[offset + BORN_HOST_AT : store_time_at]),
        store_ms=_int64(buffer, store_time_at),
        store_host=bytes(buffer[store_host_at:tail_at]),
        reconsume_times=reconsume_times,
        prepared_offset=prepared,
        body=body,
        properties=properties,
        size=size,
        body_crc=crc,
    )


def decode_records(buffer: Buffer, *, check_crc: bool = True) -> list[Record]:
    """Read records that follow each other, as in a pull answer.

    Raises:
        RecordError: one of them is not whole.
    """
    records = []
    at = 0
    while at < len(buffer):
        record = decode_record(buffer, at, check_crc=check_crc)
        records.append(record)
        at += record.size
    return records


class Outline(NamedTuple):
    """What can be told of a record without taking it apart."""

    size: int
    queue_offset: int
    physical_offset: int
    born_ms: int
    properties: bytes


def outlines(buffer: Buffer) -> list[Outline]:
    """Look at records that follow each other; their bodies are not checked.

    Raises:
        RecordError: one of them is not whole.
    """
    found, at, end = list[Outline](), 0, len(buffer)
    while at < end:
        if end - at < MIN_RECORD_BYTES:
            raise RecordError(f"a record of {end - at} bytes")
        size, magic, _, _, _, queue_offset, physical_offset, _, born_ms = (
            _HEAD.unpack_from(buffer, at)
        )
        if magic not in {MAGIC_V1, MAGIC_V2}:
            raise RecordError(f"no record begins with the magic {magic:08X}")
        if not MIN_RECORD_BYTES <= size <= end - at:
            raise RecordError(f"a record of {size} bytes where {end - at} are left")
        try:
            properties = bytes(properties_of(buffer, at))
        except (IndexError, struct.error):
            raise RecordError(f"a record of {size} bytes ends in its body") from None
        found.append(Outline(size, queue_offset, physical_offset, born_ms, properties))
        at += size
    return found


def encode_record(record: Record) -> bytes:
    """Give the bytes of one record; its size and CRC are counted anew.

    Raises:
        RecordError: the properties are too long for a record.
    """
    if len(record.properties) > _PROPERTIES_MAX_BYTES:
        raise RecordError(f"properties of {len(record.properties)} bytes")
    batch = SendBatch(
        topics=[record.topic],
        queue_ids=[record.queue_id],
        flags=[record.flag],
        sys_flags=[record.sys_flag & ~(BORN_HOST_V6 | STORE_HOST_V6)],
        born_ms=[record.born_ms],
        born_hosts=[record.born_host],
        reconsume_times=[record.reconsume_times],
        prepared_offsets=[record.prepared_offset],
        properties=[record.properties],
        tags_codes=[0],
        bodies=[record.body],
    )
    buffers = lay_out(
        batch,
        0,
        1,
        record.physical_offset,
        [record.queue_offset],
        record_sizes(batch, record.store_host),
        record.store_ms,
        record.store_host,
    )
    return b"".join(buffers)


def size_of(buffer: Buffer, at: int = 0) -> int:
    """Read how many bytes the record at *at* has."""
    return _int32(buffer, at + SIZE_AT)


def magic_of(buffer: Buffer, at: int = 0) -> int:
    """Read which kind of record starts at *at*."""
    return _int32(buffer, at + MAGIC_AT) & 0xFFFFFFFF


def queue_id_of(buffer: Buffer, at: int = 0) -> int:
    """Read the queue id of the record at *at*."""
    return _int32(buffer, at + QUEUE_ID_AT)


def queue_offset_of(buffer: Buffer, at: int = 0) -> int:
    """Read the queue offset of the record at *at*."""
    return _int64(buffer, at + QUEUE_OFFSET_AT)


def physical_offset_of(buffer: Buffer, at: int = 0) -> int:
    """Read the physical offset that the record at *at* says it has."""
    return _int64(buffer, at + PHYSICAL_OFFSET_AT)


def sys_flag_of(buffer: Buffer, at: int = 0) -> int:
    """Read the system flag of the record at *at*."""
    return _int32(buffer, at + SYS_FLAG_AT)


def born_time(buffer: Buffer, at: int = 0) -> int:
    """Read when the record at *at* was sent, in ms."""
    return _int64(buffer, at + BORN_TIME_AT)


def store_time(buffer: Buffer, at: int = 0) -> int:
    """Read when the record at *at* was stored, in ms."""
    return _int64(buffer, at + BORN_HOST_AT + born_host_bytes(sys_flag_of(buffer, at)))


def body_of(buffer: Buffer, at: int = 0) -> memoryview:
    """Give the body of the record at *at* as stored, without a copy."""
    start, end = _body_bounds(buffer, at)
    return memoryview(buffer)[start:end]


def topic_of(buffer: Buffer, at: int = 0) -> str:
    """Read the topic of the record at *at*."""
    start, end = _topic_bounds(buffer, at)
    return str(buffer[start:end], "utf-8", "replace")


def properties_of(buffer: Buffer, at: int = 0) -> memoryview:
    """Give the encoded properties of the record at *at*, without a copy.

    Filters ask it of record after record, so it has a short way where hosts are IPv4.
    """
    magic, sys_flag, body_bytes = _SHORT_WAY.unpack_from(buffer, at)
    if sys_flag & (BORN_HOST_V6 | STORE_HOST_V6):
        length_at = _topic_bounds(buffer, at)[1]
    else:
        topic_at = at + _SHORT_WAY.size + body_bytes
        if magic == MAGIC_V1:
            length_at = topic_at + 1 + buffer[topic_at]
        else:
            length_at = _topic_bounds(buffer, at)[1]
    start = length_at + 2
    size = int.from_bytes(buffer[length_at:start])
    return memoryview(buffer)[start : start + size]


def _body_bounds(buffer: Buffer, at: int) -> tuple[int, int]:
    sys_flag = sys_flag_of(buffer, at)
    hosts = born_host_bytes(sys_flag) + store_host_bytes(sys_flag)
    start = at + BORN_HOST_AT + hosts + 8 + _TAIL.size
    return start, start + _int32(buffer, start - 4)


def _topic_bounds(buffer: Buffer, at: int) -> tuple[int, int]:
    length_at = _body_bounds(buffer, at)[1]
    start = length_at + (1 if magic_of(buffer, at) == MAGIC_V1 else 2)
    return start, start + int.from_bytes(buffer[length_at:start])


def _int32(buffer: Buffer, at: int) -> int:
    value: int = _INT32.unpack_from(buffer, at)[0]
    return value


def _int64(buffer: Buffer, at: int) -> int:
    value: int = _INT64.unpack_from(buffer, at)[0]
    return value


def _counted(buffer: Buffer, at: int, width: int, end: int) -> tuple[bytes, int]:
    start = at + width
    return _take(buffer, start, int.from_bytes(buffer[at:start]), end)


def _take(buffer: Buffer, at: int, size: int, end: int) -> tuple[bytes, int]:
    if size < 0 or at + size > end:
        raise RecordError(f"{size} bytes at {at} of a record that ends at {end}")
    return bytes(buffer[at : at + size]), at + size
