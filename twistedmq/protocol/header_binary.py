"""The binary serialization of a header (upstream: SerializeType.ROCKETMQ).

Layout: int16 code, uint8 language, int16 version, int32 opaque, int32 flag, int32 n and
the remark, int32 n and the fields; each field is uint16 n, key, int32 n, value. A code
has 16 bits here, so codes from 32768 on cannot be sent this way. An empty remark and
no remark are the same.
"""

from struct import Struct
from typing import Final

from twistedmq.protocol.command import BINARY, Command
from twistedmq.protocol.errors import HeaderError
from twistedmq.protocol.numbers import to_int32

_HEAD: Final = Struct(">hBhiii")
_REMARK_AT: Final = _HEAD.size
_KEY_MAX_BYTES: Final = 0x7FFF


def decode(header: bytes, body: bytes) -> Command:
    """Make a Command of the bytes of a header.

    Raises:
        HeaderError: a length in *header* points outside of it.
    """
    end = len(header)
    if end < _REMARK_AT + 4:
        raise HeaderError(f"a binary header of {end} bytes is too short")
    code, language, version, opaque, flag, remark_bytes = _HEAD.unpack_from(header)
    at = _REMARK_AT + remark_bytes
    if remark_bytes < 0 or at + 4 > end:
        raise HeaderError(f"a remark of {remark_bytes} bytes in a header of {end}")
    remark = header[_REMARK_AT:at].decode("utf-8", "replace") or None
    fields_bytes = int.from_bytes(header[at : at + 4], signed=True)
    at += 4
    if fields_bytes < 0 or at + fields_bytes > end:
        raise HeaderError(f"fields of {fields_bytes} bytes in a header of {end}")
    fields = _decode_fields(header, at, at + fields_bytes)
    return Command(code, opaque, flag, fields, body, remark, language, version, BINARY)


def _decode_fields(header: bytes, at: int, end: int) -> dict[str, str]:
    fields: dict[str, str] = {}
    number = int.from_bytes
    while at < end:
        key_end = at + 2 + number(header[at : at + 2])
        value_at = key_end + 4
        value_end = value_at + number(header[key_end:value_at], signed=True)
        if not value_at <= value_end <= end:
            raise HeaderError(f"a field at byte {at} of a header ends outside of it")
        key = header[at + 2 : key_end].decode("utf-8", "replace")
        fields[key] = header[value_at:value_end].decode("utf-8", "replace")
        at = value_end
    return fields


def encode(command: Command) -> bytes:
    """Give the bytes of the header of *command*.

    Raises:
        HeaderError: the code has more than 16 bits, or a field name is too long.
    """
    if not -0x8000 <= command.code <= 0x7FFF:
        raise HeaderError(f"a binary header has no room for the code {command.code}")
    remark = (command.remark or "").encode("utf-8", "replace")
    parts: list[bytes] = []
    for key, value in command.fields.items():
        name, text = key.encode("utf-8", "replace"), value.encode("utf-8", "replace")
        if len(name) > _KEY_MAX_BYTES:
            raise HeaderError(f"a field name of {len(name)} bytes is too long")
        parts += (len(name).to_bytes(2), name, len(text).to_bytes(4), text)
    fields = b"".join(parts)
    head = _HEAD.pack(
        command.code,
        command.language & 0xFF,
        command.version,
        to_int32(command.opaque),
        command.flag,
        len(remark),
    )
    return b"".join((head, remark, len(fields).to_bytes(4), fields))
