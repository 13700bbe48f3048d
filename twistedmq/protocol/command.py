"""One frame as a value, and what a handler answers.

Source: org.apache.rocketmq.remoting.protocol.RemotingCommand.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from twistedmq.protocol.codes import CURRENT_VERSION, LanguageCode, ResponseCode
from twistedmq.protocol.headers.base import Header

RESPONSE_FLAG: Final = 1
ONE_WAY_FLAG: Final = 2

JSON: Final = 0
BINARY: Final = 1
"""Serialization of a header: the first byte after the frame's length."""

Buffer = bytes | memoryview


class Command(Struct):
    """A decoded frame, request or response.

    ``fields`` are the ext fields as text; typed values come from
    ``twistedmq.protocol.fields.decode_fields``.
    """

    code: int
    opaque: int = 0
    flag: int = 0
    fields: dict[str, str] = {}
    body: Buffer = b""
    remark: str | None = None
    language: int = LanguageCode.PYTHON
    version: int = CURRENT_VERSION
    serialization: int = JSON

    @property
    def is_response(self) -> bool:
        """Whether this answers a request."""
        return bool(self.flag & RESPONSE_FLAG)

    @property
    def is_one_way(self) -> bool:
        """Whether the sender wants no answer."""
        return bool(self.flag & ONE_WAY_FLAG)


class Reply(Struct):
    """What a handler gives back; the dispatcher adds opaque and flags and encodes it.

    ``body`` may be several buffers, which leave one behind the other without a copy.
    """

    code: int = ResponseCode.SUCCESS
    header: Header | Mapping[str, str] | None = None
    body: Buffer | list[Buffer] = b""
    remark: str | None = None
