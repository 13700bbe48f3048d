"""What a producer is given to call a waiting message back with.

Version 1 is "v1 TOPIC BROKER DELIVER_MS UNIQUE_ID" in the URL alphabet of Base64.
Source: RecallMessageHandle.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from msgspec import Struct

from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.errors import TwistedMQError

_VERSION: Final = "v1"
_ITEMS: Final = 5
_is_base64: Final = re.compile(r"[A-Za-z0-9_-]*={0,2}").fullmatch


class RecallHandleError(TwistedMQError):
    """A text that is no recall handle."""

    code = ResponseCode.ILLEGAL_OPERATION

    def __init__(self) -> None:
        """Say it in the words of the genuine broker."""
        super().__init__("recall handle is invalid")


class RecallHandle(Struct, frozen=True):
    """Names one waiting message."""

    topic: str
    broker_name: str
    deliver_ms: str
    """As text: who takes the handle says what is wrong with it."""
    unique_id: str

    def encode(self) -> str:
        """Give the handle as clients carry it."""
        items = _VERSION, self.topic, self.broker_name, self.deliver_ms, self.unique_id
        return urlsafe_b64encode(" ".join(items).encode()).decode()


def parse_recall_handle(text: str) -> RecallHandle:
    """Read a handle; its padding may be missing.

    Raises:
        RecallHandleError: it is none, or of another version.
    """
    if not text or not text.isascii() or not _is_base64(text):
        raise RecallHandleError
    bare = text.rstrip("=")
    padding = -len(bare) % 4
    if padding == 3 or len(text) - len(bare) not in {0, padding}:
        raise RecallHandleError
    raw = urlsafe_b64decode(bare + "=" * padding).decode("utf-8", "replace")
    items = raw.rstrip(" ").split(" ")
    if len(items) < _ITEMS or items[0] != _VERSION:
        raise RecallHandleError
    return RecallHandle(*items[1:_ITEMS])
