"""The message trace: what clients write down of sends and deliveries.

A trace message holds items, each ended by 02, of fields between which is 01. The first
field says what kind it is. Source: TraceDataEncoder.
"""

from collections.abc import Callable, Iterable
from enum import IntEnum, StrEnum
from typing import Final

from msgspec import Struct

from twistedmq.protocol.errors import FieldError

FIELD_END: Final = "\x01"
ITEM_END: Final = "\x02"

_SHOWN_CHARACTERS: Final = 64
_OLD_PUB_FIELDS: Final = 13
"""A Pub of old clients: without the id that says where the message is."""


class TraceType(StrEnum):
    """What a client did."""

    SEND = "Pub"
    RECALL = "Recall"
    DELIVERY = "SubBefore"
    """A consumer begins with a message."""
    CONSUMED = "SubAfter"
    """It is done with it, one way or the other."""
    END_TRANSACTION = "EndTransaction"


class TracedMessageType(IntEnum):
    """What kind of message it was."""

    NORMAL = 0
    HALF = 1
    COMMITTED = 2
    DELAYED = 3
    ORDERED = 4


class TraceItem(Struct, frozen=True, kw_only=True):
    """One thing that happened to a message. What a kind does not tell is empty or 0."""

    type: TraceType
    message_id: str
    group: str = ""
    """Of the producer or the consumer."""
    time_ms: int = 0
    """Since the epoch: when the send or the delivery began, or when it was done."""
    region: str = ""
    topic: str = ""
    tags: str = ""
    keys: str = ""
    store_host: str = ""
    body_bytes: int = 0
    cost_ms: int = 0
    """How long the send or the consumer took."""
    message_type: TracedMessageType = TracedMessageType.NORMAL
    offset_message_id: str = ""
    succeeded: bool = False
    client_host: str = ""
    request_id: str = ""
    """The same for the DELIVERY and the CONSUMED of one delivery."""
    retry_times: int = 0
    """How often the message was delivered before."""
    context_code: int = 0
    """How it ended: 0 success, 1 time-out, 2 error, 3 null, 4 failed."""
    transaction_id: str = ""
    transaction_state: str = ""
    from_check: bool = False
    """Whether the transaction ended because a broker asked."""


def decode_trace(text: str) -> list[TraceItem]:
    """Read what one trace message holds; kinds that are not known are left out.

    Raises:
        FieldError: a number is none, or what every item has is missing.
    """
    items = []
    for item in text.split(ITEM_END):
        fields = _Fields(item)
        read = _READERS.get(fields.text(0))
        if read is not None:
            items.append(read(fields))
    return items


def encode_trace(items: Iterable[TraceItem]) -> str:
    """Give the text of one trace message, as the genuine clients write it."""
    return "".join(
        [
            FIELD_END.join([item.type, *_WRITERS[item.type](item)]) + ITEM_END
            for item in items
        ]
    )


def trace_keys(items: Iterable[TraceItem]) -> set[str]:
    """Give the words by which a trace message is found: ids and keys of messages."""
    found: set[str] = set()
    for item in items:
        found.add(item.message_id)
        found.update(item.keys.split())
    return found


class _Fields:
    """The fields of one item. Those at the end may be missing: old clients wrote less,
    and what is empty there does not count.
    """

    def __init__(self, item: str) -> None:
        self._item = item
        self._values = item.split(FIELD_END)
        while self._values and not self._values[-1]:
            self._values.pop()

    def __len__(self) -> int:
        return len(self._values)

    def text(self, index: int) -> str:
        return self._values[index] if index < len(self._values) else ""

    def number(self, index: int) -> int:
        text = self.text(index)
        try:
            return int(text) if text else 0
        except ValueError:
            shown = self._item[:_SHOWN_CHARACTERS]
            raise FieldError(
                "trace item", f"field {index} is no number: {shown!r}"
            ) from None

    def truth(self, index: int) -> bool:
        return self.text(index).lower() == "true"

    def kind(self, index: int) -> TracedMessageType:
        number = self.number(index)
        try:
            return TracedMessageType(number)
        except ValueError:
            raise FieldError(
                "trace item", f"there is no message type {number}"
            ) from None


def _send(fields: _Fields) -> TraceItem:
    is_old = len(fields) <= _OLD_PUB_FIELDS
    return TraceItem(
        type=TraceType.SEND,
        time_ms=fields.number(1),
        region=fields.text(2),
        group=fields.text(3),
        topic=fields.text(4),
        message_id=fields.text(5),
        tags=fields.text(6),
        keys=fields.text(7),
        store_host=fields.text(8),
        body_bytes=fields.number(9),
        cost_ms=fields.number(10),
        message_type=fields.kind(11),
        offset_message_id="" if is_old else fields.text(12),
        succeeded=fields.truth(12 if is_old else 13),
        client_host=fields.text(14),
    )


def _recall(fields: _Fields) -> TraceItem:
    return TraceItem(
        type=TraceType.RECALL,
        time_ms=fields.number(1),
        region=fields.text(2),
        group=fields.text(3),
        topic=fields.text(4),
        message_id=fields.text(5),
        succeeded=fields.truth(6),
    )


def _delivery(fields: _Fields) -> TraceItem:
    return TraceItem(
        type=TraceType.DELIVERY,
        time_ms=fields.number(1),
        region=fields.text(2),
        group=fields.text(3),
        request_id=fields.text(4),
        message_id=fields.text(5),
        retry_times=fields.number(6),
        keys=fields.text(7),
        # there is nothing to fail yet
        succeeded=True,
    )


def _consumed(fields: _Fields) -> TraceItem:
    return TraceItem(
        type=TraceType.CONSUMED,
        request_id=fields.text(1),
        message_id=fields.text(2),
        cost_ms=fields.number(3),
        succeeded=fields.truth(4),
        keys=fields.text(5),
        context_code=fields.number(6),
        time_ms=fields.number(7),
        group=fields.text(8),
    )


def _end_transaction(fields: _Fields) -> TraceItem:
    return TraceItem(
        type=TraceType.END_TRANSACTION,
        time_ms=fields.number(1),
        region=fields.text(2),
        group=fields.text(3),
        topic=fields.text(4),
        message_id=fields.text(5),
        tags=fields.text(6),
        keys=fields.text(7),
        store_host=fields.text(8),
        message_type=fields.kind(9),
        transaction_id=fields.text(10),
        transaction_state=fields.text(11),
        from_check=fields.truth(12),
        succeeded=True,
    )


_READERS: Final = {
    TraceType.SEND.value: _send,
    TraceType.RECALL.value: _recall,
    TraceType.DELIVERY.value: _delivery,
    TraceType.CONSUMED.value: _consumed,
    TraceType.END_TRANSACTION.value: _end_transaction,
}


def _or_null(text: str) -> str:
    """Give what Java makes of nothing; a field at the end must not be empty."""
    return text or "null"


def _true(value: bool) -> str:
    return "true" if value else "false"


def _write_head(item: TraceItem) -> list[str]:
    return [str(item.time_ms), item.region, item.group]


def _write_message(item: TraceItem) -> list[str]:
    tags, keys = _or_null(item.tags), _or_null(item.keys)
    return [item.topic, item.message_id, tags, keys, item.store_host]


def _write_send(item: TraceItem) -> list[str]:
    return [
        *_write_head(item),
        *_write_message(item),
        str(item.body_bytes),
        str(item.cost_ms),
        str(int(item.message_type)),
        item.offset_message_id,
        _true(item.succeeded),
    ]


def _write_recall(item: TraceItem) -> list[str]:
    named = [item.topic, item.message_id, _true(item.succeeded)]
    return _write_head(item) + named


def _write_delivery(item: TraceItem) -> list[str]:
    retries, keys = str(item.retry_times), _or_null(item.keys)
    return [*_write_head(item), item.request_id, item.message_id, retries, keys]


def _write_consumed(item: TraceItem) -> list[str]:
    return [
        item.request_id,
        item.message_id,
        str(item.cost_ms),
        _true(item.succeeded),
        _or_null(item.keys),
        str(item.context_code),
        str(item.time_ms),
        item.group,
    ]


def _write_end_transaction(item: TraceItem) -> list[str]:
    return [
        *_write_head(item),
        *_write_message(item),
        str(int(item.message_type)),
        _or_null(item.transaction_id),
        item.transaction_state,
        _true(item.from_check),
    ]


_WRITERS: Final[dict[TraceType, Callable[[TraceItem], list[str]]]] = {
    TraceType.SEND: _write_send,
    TraceType.RECALL: _write_recall,
    TraceType.DELIVERY: _write_delivery,
    TraceType.CONSUMED: _write_consumed,
    TraceType.END_TRANSACTION: _write_end_transaction,
}
