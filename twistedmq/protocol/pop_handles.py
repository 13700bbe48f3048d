"""Receipt handles and the compact tables of a pop's answer, as text. Pure.

A handle says which message was lent, by which pop, and until when: start offset of the
pop in its queue, pop time, invisible time, revive queue, kind of topic, broker, queue
id, and mostly the message's queue offset, with blanks between. Source: ExtraInfoUtil.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.names import RETRY_PREFIX
from twistedmq.protocol.numbers import INT32_MAX, INT64_MAX, INT64_MIN

ORDER_REVIVE_QUEUE: Final = 999
"""Stands in the handles of ordered pops: they have no checkpoint."""

NORMAL: Final = "0"
RETRY_V1: Final = "1"
RETRY_V2: Final = "2"
"""The kinds of topics: the one asked for, and its pop retry topics."""

_SEPARATOR_V1: Final = "_"
_SEPARATOR_V2: Final = "+"
_LEAST_PARTS: Final = 6
"""Up to the name of the broker; what comes behind it is not needed for an ack."""
_ALL_PARTS: Final = 8
_SHOWN_CHARACTERS: Final = 64


class ReceiptHandleError(TwistedMQError):
    """A handle that no broker has given out."""

    code = ResponseCode.SYSTEM_ERROR

    def __init__(self, text: str, problem: str) -> None:
        """Keep the *text* of the handle; *problem* says what is wrong with it."""
        super().__init__(f"extraInfo {text[:_SHOWN_CHARACTERS]!r}: {problem}")
        self.text = text


def pop_retry_topic(topic: str, group: str, *, v2: bool) -> str:
    """Where messages of *topic* go that *group* did not acknowledge in time."""
    separator = _SEPARATOR_V2 if v2 else _SEPARATOR_V1
    return f"{RETRY_PREFIX}{group}{separator}{topic}"


def normal_topic(topic: str, group: str) -> str:
    """Give the topic whose messages of *group* are tried again in *topic*."""
    for separator in (_SEPARATOR_V2, _SEPARATOR_V1):
        prefix = f"{RETRY_PREFIX}{group}{separator}"
        if topic.startswith(prefix):
            return topic[len(prefix) :]
    return topic


def kind_of(topic: str) -> str:
    """Say which kind of topic this is to a pop."""
    if not topic.startswith(RETRY_PREFIX):
        return NORMAL
    return RETRY_V2 if _SEPARATOR_V2 in topic else RETRY_V1


def topic_of_kind(kind: str, topic: str, group: str) -> str:
    """Give the topic of *kind* that belongs to *topic*; the opposite of ``kind_of``.

    Raises: ReceiptHandleError, for a kind that does not exist.
    """
    if kind == NORMAL:
        return topic
    if kind in {RETRY_V1, RETRY_V2}:
        return pop_retry_topic(topic, group, v2=kind == RETRY_V2)
    raise ReceiptHandleError(kind, "no kind of topic (0, 1 or 2)")


class Handle(Struct, frozen=True):
    """A receipt handle."""

    start_offset: int
    popped_ms: int
    invisible_ms: int
    revive_queue_id: int
    kind: str
    broker_name: str

    @property
    def is_ordered(self) -> bool:
        """Whether it was given out by an ordered pop."""
        return self.revive_queue_id == ORDER_REVIVE_QUEUE

    def text(self, queue_id: int, queue_offset: int) -> str:
        """Give the handle of one message."""
        return (
            f"{self.start_offset} {self.popped_ms} {self.invisible_ms} "
            f"{self.revive_queue_id} {self.kind} {self.broker_name} "
            f"{queue_id} {queue_offset}"
        )


def parse_handle(text: str) -> Handle:
    """Read a handle, with or without what follows the name of the broker.

    Raises: ReceiptHandleError.
    """
    parts = text.split(" ")
    if len(parts) < _LEAST_PARTS:
        raise ReceiptHandleError(text, f"{len(parts)} parts, at least {_LEAST_PARTS}")
    try:
        start, popped, invisible, revive = map(int, parts[:4])
    except ValueError:
        raise ReceiptHandleError(text, "the first four are not numbers") from None
    if not (0 <= start <= INT64_MAX and 0 <= revive <= INT32_MAX):
        raise ReceiptHandleError(text, "offset or revive queue out of range")
    if not (0 <= popped <= INT64_MAX and 0 <= invisible <= INT64_MAX - popped):
        raise ReceiptHandleError(text, "pop time or invisible time out of range")
    kind, broker = parts[4:6]
    if kind not in {NORMAL, RETRY_V1, RETRY_V2}:
        raise ReceiptHandleError(text, f"no kind of topic is called {kind!r}")
    return Handle(start, popped, invisible, revive, kind, broker)


class Receipt(Struct, frozen=True):
    """The whole handle of one message: of which pop, and which message it is."""

    handle: Handle
    queue_id: int
    queue_offset: int
    text: str

    @property
    def of_pop(self) -> str:
        """What the handles of all messages have that one pop took from one queue."""
        return self.text.rpartition(" ")[0]

    @property
    def ends_ms(self) -> int:
        """When the message comes back, by the broker's clock."""
        return self.handle.popped_ms + self.handle.invisible_ms


def parse_receipt(text: str) -> Receipt:
    """Read the handle of a message, as clients keep it.

    Raises: ReceiptHandleError.
    """
    handle = parse_handle(text)
    parts = text.split(" ")
    if len(parts) != _ALL_PARTS:
        raise ReceiptHandleError(text, f"{len(parts)} parts, not {_ALL_PARTS}")
    try:
        queue_id, queue_offset = map(int, parts[6:])
    except ValueError:
        raise ReceiptHandleError(text, "queue id or offset is no number") from None
    if not (0 <= queue_id <= INT32_MAX and 0 <= queue_offset <= INT64_MAX):
        raise ReceiptHandleError(text, "queue id or offset out of range")
    return Receipt(handle, queue_id, queue_offset, text)


def offset_item(topic: str, queue_id: int, start_offset: int) -> str:
    """Give one item of startOffsetInfo; items have ; between them."""
    return f"{kind_of(topic)} {queue_id} {start_offset}"


def offsets_item(topic: str, queue_id: int, offsets: Iterable[int]) -> str:
    """Give one item of msgOffsetInfo."""
    return f"{kind_of(topic)} {queue_id} {','.join(map(str, offsets))}"


def order_counts(
    topic: str, queue_id: int, counts: Sequence[tuple[int, int]], least: int
) -> str:
    """Give the items of orderCountInfo for one queue.

    *counts* are queue offsets with how often each was consumed; *least* is what old
    clients, which know of no offsets there, are told of the whole queue.
    """
    kind = kind_of(topic)
    items = [f"{kind} qo{queue_id}%{offset} {count}" for offset, count in counts]
    return ";".join([*items, f"{kind} {queue_id} {least}"])


def parse_table(text: str | None) -> dict[str, str]:
    """Read startOffsetInfo, msgOffsetInfo or orderCountInfo: "kind@key" to value.

    Raises: ReceiptHandleError, for an item that has not three parts, or twice the same.
    """
    table: dict[str, str] = {}
    for item in (text or "").split(";"):
        if not item:
            continue
        parts = item.split(" ")
        if len(parts) != 3:
            raise ReceiptHandleError(item, "not three parts")
        key = f"{parts[0]}@{parts[1]}"
        if key in table:
            raise ReceiptHandleError(item, "twice in the table")
        table[key] = parts[2]
    return table


def bit_offsets(bits: bytes, start_offset: int) -> list[int]:
    """Give the offsets that a bit set names, lowest bit first (Java's BitSet)."""
    number = int.from_bytes(bits, "little")
    return [
        start_offset + index
        for index in range(number.bit_length())
        if number >> index & 1
    ]


def offset_bits(offsets: Iterable[int], start_offset: int) -> bytes:
    """Give the bit set that names *offsets*, none of which is before the start."""
    number = 0
    for offset in offsets:
        number |= 1 << offset - start_offset
    return number.to_bytes((number.bit_length() + 7) // 8, "little")


def is_int64(value: int) -> bool:
    """Whether *value* fits where the formats have room for it."""
    return INT64_MIN <= value <= INT64_MAX
