"""Requests to store a message, written by template: producers send so many of them.

Of the header of one queue's messages only the time, the properties and the number of
the request differ from one to the next; the rest is written once and kept.
"""

from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec.structs import astuple, fields

from twistedmq.protocol import header_json
from twistedmq.protocol.codes import CURRENT_VERSION, LanguageCode
from twistedmq.protocol.command import JSON, Buffer
from twistedmq.protocol.fields import encode_fields
from twistedmq.protocol.framing import head_of_frame
from twistedmq.protocol.headers.send import SendMessageRequestHeaderV2

TEMPLATES_KEPT: Final = 4096
"""One for each queue, and more where messages have flags."""

_NAMES: Final = tuple(each.name for each in fields(SendMessageRequestHeaderV2))
_BORN_AT: Final = _NAMES.index("born_timestamp")
_PROPERTIES_AT: Final = _NAMES.index("properties")
_HOLES: Final = {"g": b'"g":"%d"', "i": b'"i":%b'}

_as_json: Final = msgspec.json.Encoder().encode


def encode_send_request(
    code: int, opaque: int, flag: int, header: SendMessageRequestHeaderV2, body: Buffer
) -> bytes:
    """Give the whole frame of a request whose header has properties."""
    values = astuple(header)
    template = _template(
        code,
        flag,
        values[:_BORN_AT],
        values[_BORN_AT + 1 : _PROPERTIES_AT],
        values[_PROPERTIES_AT + 1 :],
    )
    text = template % (values[_BORN_AT], _as_json(values[_PROPERTIES_AT]), opaque)
    return b"".join((head_of_frame(JSON, text, len(body)), body))


@lru_cache(TEMPLATES_KEPT)
def _template(
    code: int,
    flag: int,
    before: tuple[Any, ...],
    between: tuple[Any, ...],
    behind: tuple[Any, ...],
) -> bytes:
    """Give a header with holes for the time, the properties and the number."""
    values = (*before, 0, *between, "", *behind)
    header = SendMessageRequestHeaderV2(**dict(zip(_NAMES, values, strict=True)))
    members = [
        _HOLES.get(name) or b"%b:%b" % (_as_json(name), _escaped(_as_json(value)))
        for name, value in encode_fields(header).items()
    ]
    whole = header_json.encode_header(
        code, 0, flag, {}, None, LanguageCode.PYTHON, CURRENT_VERSION
    )
    front, _, rest = whole.partition(b",")
    ext = b'"extFields":{%b}' % b",".join(members)
    return b",".join((front, ext, rest.replace(b'"opaque":0', b'"opaque":%d')))


def _escaped(text: bytes) -> bytes:
    return text.replace(b"%", b"%%")
