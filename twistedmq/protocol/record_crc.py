"""The checksum over a whole record, where a broker is told to add one.

It is the last property: ``__CRC32#``, byte 01, ten decimal digits from the last to the
first, byte 02. It covers every byte before itself, so also what the body's own CRC does
not: offsets, times, topic, properties. Source: MessageExtEncoder, CommitLog.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Final
from zlib import crc32

from twistedmq.protocol.command import Buffer
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.record_layout import lay_out
from twistedmq.protocol.send_batch import SendBatch

SEAL_BYTES: Final = 20
"""What the property takes."""
PROPERTIES_MAX_BYTES: Final = 0x7FFF
"""What the length of the properties in a record can say to a genuine broker."""

_NAME: Final = b"__CRC32#\x01"
_END: Final = b"\x02"
_PLACE: Final = _NAME + b"0" * 10 + _END
_FIXED: Final = (*enumerate(_NAME), (SEAL_BYTES - 1, _END[0]))
_CRC_MASK: Final = 0x7FFFFFFF
_BUFFERS: Final = 5
"""How many buffers ``lay_out`` gives for a record; the last holds the properties."""


class SealCheck(Enum):
    """Which records must have the checksum, where records are verified."""

    NONE = "it is not looked at"
    PRESENT = "those that have one must be what was stored"
    REQUIRED = "all must have one"


class Seal(Enum):
    """What the checksum of one record says."""

    MISSING = "there is none"
    WHOLE = "the record is what was stored"
    BROKEN = "the record, or its checksum, is damaged"


def reserved(batch: SendBatch) -> SendBatch:
    """Give *batch* with room for the checksum in the properties of each message.

    Raises:
        MessageIllegalError: the properties of a message leave no room for it.
    """
    columns = {name: getattr(batch, name) for name in batch.__struct_fields__}
    columns["properties"] = list(map(_with_room, batch.properties))
    return SendBatch(**columns)


def _with_room(properties: bytes) -> bytes:
    if _NAME in properties:  # of a record that was read and is stored again
        kept = [p for p in properties.split(_END) if not p.startswith(_NAME)]
        properties = _END.join(kept)
    if properties and not properties.endswith(_END):
        properties += _END
    if len(properties) + SEAL_BYTES > PROPERTIES_MAX_BYTES:
        raise MessageIllegalError(
            f"properties of {len(properties)} bytes; with enabledAppendPropCRC the "
            f"limit is {PROPERTIES_MAX_BYTES - SEAL_BYTES} bytes"
        )
    return properties + _PLACE


def lay_out_sealed(
    batch: SendBatch,
    start: int,
    stop: int,
    physical_offset: int,
    queue_offsets: Sequence[int],
    sizes: Sequence[int],
    store_ms: int,
    store_host: bytes,
) -> list[bytes]:
    """Do as ``lay_out``, and fill in the checksums; *batch* is a ``reserved`` one."""
    buffers = lay_out(
        batch, start, stop, physical_offset, queue_offsets, sizes, store_ms, store_host
    )
    rows = zip(*[iter(buffers)] * _BUFFERS, strict=True)
    for at, (head, body, topic, length, unsealed) in enumerate(rows):
        properties = unsealed[:-SEAL_BYTES]
        crc = crc32(topic, crc32(body, crc32(head)))
        crc = crc32(properties, crc32(length, crc))
        buffers[(at + 1) * _BUFFERS - 1] = properties + _seal(crc)
    return buffers


def _seal(crc: int) -> bytes:
    return _NAME + (b"%010d" % (crc & _CRC_MASK))[::-1] + _END


def seal_of(record: Buffer) -> Seal:
    """Say what the checksum of a whole *record* tells of it.

    A checksum of whose name or ends one byte is wrong counts as a damaged one.
    """
    seal = bytes(record[-SEAL_BYTES:])
    if len(seal) < SEAL_BYTES:
        return Seal.MISSING
    wrong = 0
    if not (seal.startswith(_NAME) and seal.endswith(_END)):
        wrong = sum(seal[at] != byte for at, byte in _FIXED)
    if wrong > 1:
        return Seal.MISSING
    whole = not wrong and seal == _seal(crc32(record[:-SEAL_BYTES]))
    return Seal.WHOLE if whole else Seal.BROKEN
