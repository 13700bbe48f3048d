"""The JSON serialization of a header, which clients use unless told otherwise.

Written as the genuine programs write it: members in alphabetical order, no blanks,
what is null left out. Read as leniently as they read.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from twistedmq.protocol import loose_json
from twistedmq.protocol.codes import CURRENT_VERSION, LanguageCode
from twistedmq.protocol.command import RESPONSE_FLAG, Command
from twistedmq.protocol.errors import FieldError, HeaderError
from twistedmq.protocol.numbers import Int32

_LANGUAGE_NUMBERS: Final = {code.name: int(code) for code in LanguageCode}
_LANGUAGE_NAMES: Final = {int(code): code.name for code in LanguageCode}

_AFTER_EXT: Final = (
    b'"flag":%d,"language":"PYTHON","opaque":%%d,%%b'
    b'"serializeTypeCurrentRPC":"JSON","version":%d}'
) % (RESPONSE_FLAG, CURRENT_VERSION)
_REPLY: Final = b'{"code":%d,"extFields":%b,' + _AFTER_EXT
_BARE_REPLY: Final = b'{"code":%d,' + _AFTER_EXT


class _Envelope(Struct):
    code: Int32 = 0
    extFields: dict[str, str] = {}  # noqa: N815
    flag: Int32 = 0
    language: str = "OTHER"
    opaque: Int32 = 0
    remark: str | None = None
    version: Int32 = 0


class _OddEnvelope(Struct):
    """What remains readable of a header that is not as it should be."""

    code: Int32 = 0
    extFields: dict[str, object] = {}  # noqa: N815
    flag: Int32 = 0
    language: object = "OTHER"
    opaque: Int32 = 0
    remark: object = None
    version: Int32 = 0


_decode_envelope: Final = msgspec.json.Decoder(_Envelope, strict=False).decode
_encode_text: Final = msgspec.json.Encoder().encode


def decode(header: bytes, body: bytes) -> Command:
    """Make a Command of the bytes of a header.

    Raises:
        HeaderError: *header* is no JSON object with the members of a header.
    """
    try:
        envelope = _decode_envelope(header)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _decode_odd(header, body)
    return Command(
        envelope.code,
        envelope.opaque,
        envelope.flag,
        envelope.extFields,
        body,
        envelope.remark,
        _LANGUAGE_NUMBERS.get(envelope.language, LanguageCode.OTHER),
        envelope.version,
    )


def _decode_odd(header: bytes, body: bytes) -> Command:
    """Read a header that is loose JSON or holds values that are no text."""
    try:
        odd = loose_json.decode(header, type=_OddEnvelope)
    except FieldError as error:
        raise HeaderError(f"a JSON header cannot be read: {error.problem}") from None
    language = odd.language
    if isinstance(language, str):
        language = _LANGUAGE_NUMBERS.get(language, LanguageCode.OTHER)
    return Command(
        code=odd.code,
        opaque=odd.opaque,
        flag=odd.flag,
        fields={k: _as_text(v) for k, v in odd.extFields.items() if v is not None},
        body=body,
        remark=None if odd.remark is None else _as_text(odd.remark),
        language=language if language in _LANGUAGE_NAMES else LanguageCode.OTHER,
        version=odd.version,
    )


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else _encode_text(value).decode()


def encode(command: Command) -> bytes:
    """Give the bytes of the header of *command*."""
    return encode_header(
        command.code,
        command.opaque,
        command.flag,
        command.fields,
        command.remark,
        command.language,
        command.version,
    )


def encode_reply(
    code: int, opaque: int, fields: Mapping[str, str], remark: str | None
) -> bytes:
    """Give the header of an answer of ours; written out, as there are so many."""
    note = b"" if remark is None else b'"remark":%b,' % _encode_text(remark)
    if not fields:
        return _BARE_REPLY % (code, opaque, note)
    return _REPLY % (code, _encode_text(fields), opaque, note)


def encode_header(
    code: int,
    opaque: int,
    flag: int,
    fields: dict[str, str],
    remark: str | None,
    language: int,
    version: int,
) -> bytes:
    """Give the bytes of a header with these members."""
    ext = b'"extFields":%b,' % _encode_text(fields) if fields else b""
    note = b"" if remark is None else b'"remark":%b,' % _encode_text(remark)
    name = _LANGUAGE_NAMES.get(language, "OTHER").encode()
    return (
        b'{"code":%d,%b"flag":%d,"language":"%b","opaque":%d,%b'
        b'"serializeTypeCurrentRPC":"JSON","version":%d}'
    ) % (code, ext, flag, name, opaque, note, version)
