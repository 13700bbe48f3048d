"""SendBatch to records: the bytes that go into the commit log.

A pure function over columns, on the send path of every message. Reading records back is
``twistedmq.protocol.record``, where the layout is described field by field.
"""

from collections.abc import Sequence
from struct import Struct
from typing import Any, Final
from zlib import crc32

from twistedmq.protocol.send_batch import SendBatch

MAGIC_V1: Final = 0xDAA320A7
"""One byte for the length of the topic."""
MAGIC_V2: Final = 0xDAA320AB
"""Two bytes for the length of the topic, used where it is longer than 127 bytes."""

BORN_HOST_V6: Final = 16
STORE_HOST_V6: Final = 32
"""System flags that say an address has 16 bytes instead of 4."""

PACKED_V4: Final = 8
PACKED_V6: Final = 20
"""Sizes of a packed address: 4 or 16 bytes, then 4 bytes of port."""

_TOPIC_LIMIT_V1: Final = 127
_ONE_BYTE: Final = tuple(bytes((number,)) for number in range(_TOPIC_LIMIT_V1 + 1))
_CRC_MASK: Final = 0x7FFFFFFF

# size, magic, body CRC, queue id, flag, queue offset, physical offset, system flag,
# born time, born host, store time, store host, reconsume times, prepared offset,
# body length
_FIELDS: Final = ">iIIiiqqiq{}sq{}siqi"
_HEADS: Final = {
    (born, store): Struct(_FIELDS.format(born, store))
    for born in (PACKED_V4, PACKED_V6)
    for store in (PACKED_V4, PACKED_V6)
}
_OWN_BYTES: Final = {hosts: head.size + 2 for hosts, head in _HEADS.items()}
"""What a record has beside topic, body and properties, by the two host sizes."""


def _topic_field_bytes(topic: str) -> int:
    """Count the bytes of the encoded topic and of its length."""
    length = len(topic) if topic.isascii() else len(topic.encode())
    return length + (1 if length <= _TOPIC_LIMIT_V1 else 2)


def record_size(
    topic: str, body_length: int, properties_length: int, born_host: bytes, host: bytes
) -> int:
    """Count the bytes of one record; *born_host* and *host* (store) are packed."""
    own = _OWN_BYTES[len(born_host), len(host)]
    return own + _topic_field_bytes(topic) + body_length + properties_length


def record_sizes(batch: SendBatch, store_host: bytes) -> list[int]:
    """Count the bytes of each record of *batch*."""
    v4 = _OWN_BYTES[PACKED_V4, len(store_host)]
    more = (0, PACKED_V6 - PACKED_V4)
    return [
        v4 + more[len(born) != PACKED_V4] + topic_bytes + len(body) + len(properties)
        for topic_bytes, born, body, properties in zip(
            map(_topic_field_bytes, batch.topics),
            batch.born_hosts,
            batch.bodies,
            batch.properties,
            strict=True,
        )
    ]


def lay_out(
    batch: SendBatch,
    start: int,
    stop: int,
    physical_offset: int,
    queue_offsets: Sequence[int],
    sizes: Sequence[int],
    store_ms: int,
    store_host: bytes,
) -> list[bytes]:
    """Give the buffers of messages *start* to *stop*, to be written in a row.

    The first record starts at *physical_offset*; *queue_offsets* and *sizes* (of
    ``record_sizes``) are columns of the whole batch.
    """
    columns: tuple[Sequence[Any], ...] = (
        batch.topics, batch.queue_ids, batch.flags, batch.sys_flags, batch.born_ms,
        batch.born_hosts, batch.reconsume_times, batch.prepared_offsets,
        batch.properties, batch.bodies, queue_offsets, sizes,
    )  # fmt: skip
    if stop - start < len(sizes):
        columns = tuple(column[start:stop] for column in columns)
    buffers: list[bytes] = []
    add = buffers.extend
    host_length = len(store_host)
    host_flag = STORE_HOST_V6 if host_length == PACKED_V6 else 0
    pack_v4 = _HEADS[PACKED_V4, host_length].pack
    pack_v6 = _HEADS[PACKED_V6, host_length].pack
    for (
        topic, queue_id, flag, sys_flag, born_ms, born_host, reconsumed,
        prepared, properties, body, queue_offset, size,
    ) in zip(*columns, strict=True):  # fmt: skip
        name = topic.encode()
        if len(name) <= _TOPIC_LIMIT_V1:
            topic_bytes, magic = _ONE_BYTE[len(name)] + name, MAGIC_V1
        else:
            topic_bytes, magic = len(name).to_bytes(2) + name, MAGIC_V2
        if len(born_host) == PACKED_V4:
            pack, flags = pack_v4, sys_flag | host_flag
        else:
            pack, flags = pack_v6, sys_flag | host_flag | BORN_HOST_V6
        add(
            (
                pack(
                    size,
                    magic,
                    crc32(body) & _CRC_MASK,
                    queue_id,
                    flag,
                    queue_offset,
                    physical_offset,
                    flags,
                    born_ms,
                    born_host,
                    store_ms,
                    store_host,
                    reconsumed,
                    prepared,
                    len(body),
                ),
                body,
                topic_bytes,
                len(properties).to_bytes(2),
                properties,
            )
        )
        physical_offset += size
    return buffers
