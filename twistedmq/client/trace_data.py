"""What messages of the trace topic say: pure.

A trace message holds items; an item is its kind and its values, byte 01 between them,
byte 02 behind the last. A value that is not there is the word null. Source:
TraceDataEncoder.
"""

from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Any, ClassVar, Final

from msgspec import Struct
from msgspec.structs import astuple

from twistedmq.protocol.errors import FieldError

_BETWEEN: Final = "\x01"
_END: Final = "\x02"
_NOTHING: Final = "null"


class MessageKind(IntEnum):
    """What kind of message was sent."""

    NORMAL = 0
    HALF = 1
    COMMITTED = 2
    DELAYED = 3
    ORDERED = 4


class Returned(IntEnum):
    """What came of consuming messages."""

    SUCCESS = 0
    TIME_OUT = 1
    """It was consumed, but took too long."""
    ERROR = 2
    """The user's function raised."""
    NOTHING = 3
    FAILED = 4
    """The user's function asked to have it again."""


class Published(Struct, frozen=True, kw_only=True):
    """A message was sent. Times are in ms; hosts are "address:port"."""

    kind_name: ClassVar[str] = "Pub"

    at_ms: int
    region: str | None
    group: str
    topic: str
    message_id: str
    tag: str | None
    keys: str | None
    """With a blank between them."""
    store_host: str
    body_bytes: int
    took_ms: int
    kind: MessageKind
    offset_message_id: str | None = None
    succeeded: bool = True


class Consuming(Struct, frozen=True, kw_only=True):
    """A consumer's function is called with a message."""

    kind_name: ClassVar[str] = "SubBefore"

    at_ms: int
    region: str | None
    group: str
    request_id: str
    """The same in the item that says what came of it."""
    message_id: str
    retry_times: int
    keys: str | None


class Consumed(Struct, frozen=True, kw_only=True):
    """A consumer's function is done with a message."""

    kind_name: ClassVar[str] = "SubAfter"

    request_id: str
    message_id: str
    took_ms: int
    succeeded: bool
    keys: str | None
    returned: Returned = Returned.SUCCESS
    at_ms: int = 0
    group: str | None = None


class Ended(Struct, frozen=True, kw_only=True):
    """A transaction was ended."""

    kind_name: ClassVar[str] = "EndTransaction"

    at_ms: int
    region: str | None
    group: str
    topic: str
    message_id: str
    tag: str | None
    keys: str | None
    store_host: str
    kind: MessageKind
    transaction_id: str | None
    state: str
    """COMMIT_MESSAGE, ROLLBACK_MESSAGE or UNKNOW, as it is spelt there."""
    asked: bool
    """Whether the broker had asked."""


class Recalled(Struct, frozen=True, kw_only=True):
    """A message that waited was called back."""

    kind_name: ClassVar[str] = "Recall"

    at_ms: int
    region: str | None
    group: str
    topic: str
    message_id: str
    succeeded: bool


TraceItem = Published | Consuming | Consumed | Ended | Recalled

_KINDS: Final[dict[str, type[TraceItem]]] = {
    kind.kind_name: kind for kind in (Published, Consuming, Consumed, Ended, Recalled)
}


def encode_item(item: TraceItem) -> str:
    """Give one item as text."""
    texts = [item.kind_name, *map(_text, astuple(item))]
    return _BETWEEN.join(texts) + _END


def keys_of(item: TraceItem) -> set[str]:
    """Give the words by which the trace of a message is found."""
    keys = getattr(item, "keys", None) or ""
    return {item.message_id, *keys.split()}


def decode_items(text: str) -> Iterator[TraceItem]:
    """Give the items of a trace message; kinds that are not known are left out.

    Raises:
        FieldError: an item lacks a value, or one is of the wrong kind.
    """
    for line in text.split(_END):
        name, *values = line.split(_BETWEEN)
        kind = _KINDS.get(name)
        if kind is not None:
            yield _item(kind, values)


def _item(kind: type[TraceItem], values: list[str]) -> TraceItem:
    names = kind.__struct_fields__
    if kind is Published and len(values) == len(names) - 1:
        values.insert(names.index("offset_message_id"), _NOTHING)  # clients of 4.3
    found: dict[str, Any] = {}
    # later clients may say more
    for name, value in zip(names, values, strict=False):
        try:
            found[name] = _READ.get(name, _optional)(value)
        except ValueError:
            raise FieldError(kind.kind_name, f"{name} is {value!r}") from None
    try:
        return kind(**found)
    except TypeError:
        missing = next(name for name in names if name not in found)
        raise FieldError(kind.kind_name, f"{missing} is missing") from None


def _text(value: object) -> str:
    if value is None:
        return _NOTHING
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, int) else str(value)


def _optional(text: str) -> str | None:
    return None if text == _NOTHING else text


def _flag(text: str) -> bool:
    return text.lower() == "true"


_READ: Final[dict[str, Callable[[str], Any]]] = {
    "asked": _flag,
    "at_ms": int,
    "body_bytes": int,
    "kind": lambda text: MessageKind(int(text)),
    "retry_times": int,
    "returned": lambda text: Returned(int(text)),
    "succeeded": _flag,
    "took_ms": int,
}
