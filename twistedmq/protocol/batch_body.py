"""The body of SEND_BATCH_MESSAGE: messages one behind the other.

Each is int32 size, int32 magic, int32 CRC, int32 flag, int32 n and the body, int16 n
and the properties. Senders leave magic and CRC 0.
"""

from collections.abc import Iterable
from struct import Struct as Packing
from typing import Final

from msgspec import Struct

from twistedmq.protocol.command import Buffer
from twistedmq.protocol.errors import FieldError, MessageIllegalError

PROPERTIES_MAX_BYTES: Final = 0x7FFF

_HEAD: Final = Packing(">iIIii")
_WHERE: Final = "batch body"


class BatchItem(Struct):
    """One message of a batch."""

    flag: int
    body: bytes
    properties: bytes = b""
    """Encoded: see ``twistedmq.protocol.properties``."""
    body_crc: int = 0


def encode_batch(items: Iterable[BatchItem]) -> bytes:
    """Give the body that holds *items*.

    Raises:
        MessageIllegalError: the properties of an item are too long.
    """
    parts: list[bytes] = []
    for item in items:
        body, properties = item.body, item.properties
        if len(properties) > PROPERTIES_MAX_BYTES:
            raise MessageIllegalError(
                f"properties of {len(properties)} bytes are over the limit of "
                f"{PROPERTIES_MAX_BYTES} bytes"
            )
        size = _HEAD.size + len(body) + 2 + len(properties)
        parts += (
            _HEAD.pack(size, 0, item.body_crc, item.flag, len(body)),
            body,
            len(properties).to_bytes(2),
            properties,
        )
    return b"".join(parts)


def decode_batch(data: Buffer) -> list[BatchItem]:
    """Give the messages of a batch.

    Raises:
        FieldError: a length in *data* points outside of it.
    """
    items: list[BatchItem] = []
    at, end = 0, len(data)
    while at < end:
        body_at = at + _HEAD.size
        if body_at > end:
            raise FieldError(_WHERE, f"message {len(items)} is torn")
        size, _, crc, flag, body_bytes = _HEAD.unpack_from(data, at)
        properties_at = body_at + body_bytes + 2
        if body_bytes < 0 or properties_at > end:
            raise FieldError(_WHERE, f"message {len(items)} has {body_bytes} bytes")
        properties_bytes = int.from_bytes(data[properties_at - 2 : properties_at])
        following = properties_at + properties_bytes
        if following > end or following - at != size:
            raise FieldError(_WHERE, f"message {len(items)} is not {size} bytes long")
        items.append(
            BatchItem(
                flag,
                bytes(data[body_at : properties_at - 2]),
                bytes(data[properties_at:following]),
                crc,
            )
        )
        at = following
    return items
