"""What exactly is wrong with a record, and what each of its bytes means."""

from collections.abc import Callable, Iterator
from struct import Struct as Layout
from typing import Final
from zlib import crc32

from msgspec import Struct

from twistedmq.protocol.addresses import format_address, unpack
from twistedmq.protocol.compression import CompressionError, decompress_body
from twistedmq.protocol.record import BLANK_MAGIC, MIN_RECORD_BYTES
from twistedmq.protocol.record_crc import Seal, seal_of
from twistedmq.protocol.record_layout import MAGIC_V1, MAGIC_V2
from twistedmq.protocol.system_flags import (
    BORN_HOST_V6,
    COMPRESSED,
    INNER_BATCH,
    NEED_UNWRAP,
    STORE_HOST_V6,
    TRANSACTION_MASK,
    born_host_bytes,
    compression_type,
    store_host_bytes,
)

_CRC_MASK: Final = 0x7FFFFFFF
_INT: Final = Layout(">i")


class Field(Struct):
    """Some bytes of a record."""

    at: int
    """Where it begins, from the start of the record."""
    raw: bytes
    name: str
    value: str


def why_broken(data: bytes, offset: int, segment_end: int) -> str:
    """Say why the bytes at *offset* are no whole record; "" if they are one."""
    return next(_problems(data, offset, segment_end), "")


def _problems(data: bytes, offset: int, segment_end: int) -> Iterator[str]:
    """Give what is wrong; what follows the first may be nonsense."""
    if len(data) < 8:
        yield f"the file ends after {len(data)} bytes"
    if not any(data[:MIN_RECORD_BYTES]):
        yield "there are zeros"
    size, magic = int.from_bytes(data[:4], signed=True), int.from_bytes(data[4:8])
    if magic == BLANK_MAGIC:
        if offset + size != segment_end:
            left = segment_end - offset
            yield f"the end mark speaks of {size} bytes, {left} are left"
        return
    if magic not in (MAGIC_V1, MAGIC_V2):
        yield f"its magic is {magic:08X}"
    if not MIN_RECORD_BYTES <= size <= segment_end - offset:
        yield f"its size is {size}, which cannot be"
    if len(data) < MIN_RECORD_BYTES:
        yield f"the file ends after {len(data)} of {size} bytes"
    own = int.from_bytes(data[28:36], signed=True)
    if own != offset:
        yield f"it says that its offset is {own}"
    if data[20] & 0x80:
        yield f"its queue offset is {int.from_bytes(data[20:28], signed=True)}"
    if len(data) < size:
        yield f"the file ends after {len(data)} of {size} bytes"
    yield from _problems_inside(data[:size], magic)


def _problems_inside(data: bytes, magic: int) -> Iterator[str]:
    size = len(data)
    sys_flag = int.from_bytes(data[36:40])
    at = 48 + born_host_bytes(sys_flag) + 8 + store_host_bytes(sys_flag) + 12
    if at + 4 > size:
        yield "it is shorter than its addresses"
    (body,) = _INT.unpack_from(data, at)
    at += 4
    if body < 0 or at + body + 4 > size:
        yield f"its body would have {body} of {size} bytes"
    stored, real = int.from_bytes(data[8:12]), crc32(data[at : at + body]) & _CRC_MASK
    width = 1 if magic == MAGIC_V1 else 2
    topic_at = at + body + width
    topic_end = topic_at + int.from_bytes(data[at + body : topic_at])
    end = topic_end + 2 + int.from_bytes(data[topic_end : topic_end + 2])
    if topic_end + 2 > size or end != size:
        yield f"topic and properties do not end where it does ({end}, not {size})"
    if body and stored != real:
        yield f"the CRC of its body is {real:08X}, but {stored:08X} is stored"
    if not data[topic_end - 1] or not data[-1]:
        yield "it ends in zeros"
    if seal_of(data) is Seal.BROKEN:
        yield "the checksum over all of it does not fit"


def fields_of(data: bytes) -> list[Field]:
    """Give the fields of a record, as far as it goes; a tail without meaning too."""
    fields: list[Field] = []
    magic = int.from_bytes(data[4:8])
    sys_flag = int.from_bytes(data[36:40])
    plan = (
        ("size", 4), ("magic", 4), ("body CRC", 4), ("queue id", 4), ("flag", 4),
        ("queue offset", 8), ("physical offset", 8), ("system flag", 4),
        ("born time", 8), ("born host", born_host_bytes(sys_flag)), ("store time", 8),
        ("store host", store_host_bytes(sys_flag)), ("reconsume times", 4),
        ("prepared offset", 8), ("body length", 4),
    )  # fmt: skip
    at = 0

    def take(name: str, size: int) -> int:
        nonlocal at
        raw = data[at : at + max(size, 0)]
        if raw or not size:
            fields.append(Field(at, raw, name, _value_of(name, raw, sys_flag)))
        at += len(raw)
        return int.from_bytes(raw, signed=True)

    length = 0
    for name, size in plan:
        length = take(name, size)
    if 0 <= length <= len(data) - at:
        take("body", length)
        width = 2 if magic == MAGIC_V2 else 1
        take("topic length", width)
        take("topic", int.from_bytes(data[at - width : at]))
        take("properties length", 2)
        take("properties", int.from_bytes(data[at - 2 : at]))
    if at < len(data):
        take("without meaning", len(data) - at)
    return fields


def _value_of(name: str, raw: bytes, sys_flag: int) -> str:
    shown = _SHOWN.get(name)
    return shown(raw, sys_flag) if shown else str(int.from_bytes(raw, signed=True))


def _hex(raw: bytes, _: int) -> str:
    return raw.hex().upper()


def _magic(raw: bytes, _: int) -> str:
    version = {MAGIC_V1: " (version 1)", MAGIC_V2: " (version 2)"}
    return raw.hex().upper() + version.get(int.from_bytes(raw), "")


def _flags(raw: bytes, sys_flag: int) -> str:
    return f"{sys_flag}{flags_text(sys_flag)}"


def _properties(raw: bytes, _: int) -> str:
    text = raw.decode("utf-8", "backslashreplace")
    return text.replace("\x01", "=").replace("\x02", "; ")


def host_text(packed: bytes) -> str:
    """Give a packed address as people write it."""
    if len(packed) not in {8, 20}:
        return packed.hex()
    return format_address(*unpack(packed))


def flags_text(sys_flag: int) -> str:
    """Give the names of the bits of a system flag, in brackets."""
    kinds = {4: "prepared", 8: "commit", 12: "rollback"}
    codec = {0: "zlib", 1: "lz4", 2: "zstd", 3: "zlib"}
    words = []
    if sys_flag & COMPRESSED:
        number = compression_type(sys_flag)
        words.append(f"compressed with {codec.get(number, f'codec {number}')}")
    if sys_flag & TRANSACTION_MASK:
        words.append(f"transaction {kinds[sys_flag & TRANSACTION_MASK]}")
    for bit, word in (
        (BORN_HOST_V6, "born host IPv6"),
        (STORE_HOST_V6, "store host IPv6"),
        (NEED_UNWRAP, "to be unwrapped"),
        (INNER_BATCH, "batch"),
    ):
        if sys_flag & bit:
            words.append(word)
    return f" ({', '.join(words)})" if words else ""


def _body_text(raw: bytes, sys_flag: int) -> str:
    try:
        body = decompress_body(sys_flag, raw)
    except CompressionError as error:
        return str(error)
    unpacked = f"{len(body)} bytes unpacked: " if sys_flag & COMPRESSED else ""
    try:
        return unpacked + body[:200].decode()
    except UnicodeDecodeError:
        return unpacked + body[:64].hex()


_SHOWN: Final[dict[str, Callable[[bytes, int], str]]] = {
    "magic": _magic,
    "body CRC": _hex,
    "system flag": _flags,
    "born host": lambda raw, _: host_text(raw),
    "store host": lambda raw, _: host_text(raw),
    "topic length": lambda raw, _: str(int.from_bytes(raw)),
    "topic": lambda raw, _: raw.decode("utf-8", "backslashreplace"),
    "properties length": lambda raw, _: str(int.from_bytes(raw)),
    "properties": _properties,
    "body": _body_text,
    "without meaning": lambda raw, _: f"{len(raw)} bytes",
}
"""How fields are shown that are no plain numbers; told the system flag too."""
