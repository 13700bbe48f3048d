"""What is sent, what comes back from sending, and what is received."""

from collections.abc import Iterable, Mapping
from enum import IntEnum

from msgspec import Struct

from twistedmq.protocol import properties as names
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.numbers import INT32_MAX, INT32_MIN, INT64_MAX
from twistedmq.store.durability import Durability

__all__ = [
    "Durability",
    "Message",
    "MessageQueue",
    "Receipt",
    "ReceivedMessage",
    "SendStatus",
]

MAX_DELAY_S = INT64_MAX // 1_000_000
"""Far beyond what any broker takes; theirs is the setting ``timerMaxDelaySec``."""

_LOWEST = {"delay_level": 0, "deliver_at_ms": 0, "priority": 0, "flag": INT32_MIN}


class Message:
    """A message to send.

    Args:
        topic: where to.
        body: the payload, not empty.
        tag: what consumers may filter by; at most one.
        keys: words that find the message later (``rmq``, ``mqadmin queryMsgByKey``);
            one as text, or several. They must not contain blanks.
        properties: more names and values, for the consumer's eyes. Of the system's own
            names only INNER_MULTI_DISPATCH may be used: light queues to fill besides.
        delay_level: 1 and up: delivered later, by the broker's table of delays
            (1 is 1 s, 2 is 5 s, 3 is 10 s, ... by default).
        delay_s: delivered so many seconds after the broker got it.
        deliver_at_ms: delivered at that time, in ms since the epoch; at once if it is
            over. Of these three, only one can be given.
        sharding_key: messages with the same one go to the same queue, in order.
        priority: 0 and up: the number of the queue it is stored in, and so how early
            it is popped from a topic of the message type PRIORITY.
        flag: a 32-bit number that is carried along.
        wait_stored: False lets the broker answer before flush and replication.

    Raises:
        MessageIllegalError: an argument cannot be stored; it says which, its value, and
            the limit or rule.
    """

    __slots__ = (
        "body",
        "delay_level",
        "delay_s",
        "deliver_at_ms",
        "flag",
        "keys",
        "priority",
        "properties",
        "sharding_key",
        "tag",
        "topic",
        "wait_stored",
    )

    def __init__(  # noqa: PLR0913 - all but two are named and seldom
        self,
        topic: str,
        body: bytes,
        *,
        tag: str | None = None,
        keys: str | Iterable[str] = (),
        properties: Mapping[str, str] | None = None,
        delay_level: int = 0,
        delay_s: float | None = None,
        deliver_at_ms: int | None = None,
        sharding_key: str | None = None,
        priority: int | None = None,
        flag: int = 0,
        wait_stored: bool = True,
    ) -> None:
        self.topic = topic
        self.body = body
        self.tag = tag
        self.keys = (keys,) if isinstance(keys, str) else _several(keys)
        self.properties = dict(properties or {})
        self.delay_level = delay_level
        self.delay_s = delay_s
        self.deliver_at_ms = deliver_at_ms
        self.sharding_key = sharding_key
        self.priority = priority
        self.flag = flag
        self.wait_stored = wait_stored
        self._check()

    def __repr__(self) -> str:
        """Show topic, size and tag; bodies do not belong into logs."""
        return f"<Message {self.topic!r}, {len(self.body)} bytes, tag {self.tag!r}>"

    def stored_properties(self) -> dict[str, str]:
        """Give all properties as they are stored, the system's own among them."""
        stored = dict(self.properties)
        if self.tag:
            stored[names.TAGS] = self.tag
        if self.keys:
            stored[names.KEYS] = " ".join(self.keys)
        if self.delay_level:
            stored[names.DELAY] = str(self.delay_level)
        elif self.deliver_at_ms is not None:
            stored[names.TIMER_DELIVER_MS] = str(self.deliver_at_ms)
        elif self.delay_s is not None:
            stored.update(_delay(self.delay_s))
        if self.sharding_key:
            stored[names.SHARDING_KEY] = self.sharding_key
        if self.priority is not None:
            stored[names.PRIORITY] = str(self.priority)
        stored[names.WAIT] = "true" if self.wait_stored else "false"
        return stored

    @property
    def is_delayed(self) -> bool:
        """Whether consumers are to get it later than usual."""
        return bool(
            self.delay_level
            or self.delay_s is not None
            or self.deliver_at_ms is not None
        )

    def _check(self) -> None:
        # a message a send: what is seldom given costs one look
        if type(self.topic) is not str:
            _check_text("topic", self.topic)
        if type(self.body) is not bytes:
            raise MessageIllegalError(
                f"the body is {type(self.body).__name__}, not bytes",
                field="body",
                value=type(self.body).__name__,
                limit="bytes",
            )
        if (
            self.flag
            or self.delay_level
            or self.priority is not None
            or self.delay_s is not None
            or self.deliver_at_ms is not None
        ):
            for field, low in _LOWEST.items():
                _check_number(field, getattr(self, field), low)
            self._check_delay()
        if self.properties:
            for name, value in self.properties.items():
                _check_property(name, value)
        for key in self.keys:
            # most are good at first sight
            if type(key) is not str or not key.isidentifier():
                _check_key(key)
        if self.tag:
            _check_text("tag", self.tag)
        if self.sharding_key:
            _check_text("sharding_key", self.sharding_key)

    def _check_delay(self) -> None:
        delays = {
            "delay_level": self.delay_level or None,
            "delay_s": self.delay_s,
            "deliver_at_ms": self.deliver_at_ms,
        }
        given = {field: value for field, value in delays.items() if value is not None}
        if len(given) > 1:
            raise MessageIllegalError(
                f"of {' and '.join(given)} only one can be given",
                field=next(iter(given)),
                value=given,
                limit=1,
            )
        seconds: object = self.delay_s
        if seconds is None:
            return
        if not (isinstance(seconds, int | float) and 0 <= seconds <= MAX_DELAY_S):
            raise MessageIllegalError(
                f"delay_s is {seconds!r}, not 0 to {MAX_DELAY_S}",
                field="delay_s",
                value=seconds,
                limit=MAX_DELAY_S,
            )


class SendStatus(IntEnum):
    """How far a stored message got before the broker answered."""

    OK = ResponseCode.SUCCESS
    FLUSH_DISK_TIMEOUT = ResponseCode.FLUSH_DISK_TIMEOUT
    FLUSH_SLAVE_TIMEOUT = ResponseCode.FLUSH_SLAVE_TIMEOUT
    SLAVE_NOT_AVAILABLE = ResponseCode.SLAVE_NOT_AVAILABLE


class Receipt(Struct, frozen=True, kw_only=True):
    """The broker's word that a message is stored.

    ``durability`` is what the broker promised. A genuine broker does not say; then it
    is PAGE_CACHE, the least that any ack means. A ``status`` other than OK says that
    the message is stored, but a flush or a slave did not come through in time.
    """

    message_id: str
    """The unique id, made by the client; the same for every attempt."""
    offset_message_id: str
    """The id that says where it is stored: the broker's address and the log offset."""
    queue: MessageQueue
    queue_offset: int
    durability: Durability = Durability.PAGE_CACHE
    status: SendStatus = SendStatus.OK
    recall_handle: str | None = None
    """Calls a message back that waits for its time; see ``Producer.recall``."""
    transaction_id: str | None = None


class ReceivedMessage(Struct, frozen=True, kw_only=True):
    """A message as it was read from a queue. Times are in ms since the epoch."""

    topic: str
    """The topic it was sent to, also when it comes from the group's retry topic."""
    body: bytes
    tag: str | None
    keys: tuple[str, ...]
    properties: dict[str, str]
    """The user's own properties."""
    system_properties: dict[str, str]
    """The properties that the system put there, by their upstream names."""
    message_id: str
    offset_message_id: str
    queue: MessageQueue
    """Where it was read; for a retried message a queue of the retry topic."""
    queue_offset: int
    physical_offset: int
    reconsume_times: int
    """How often it came before and was not consumed."""
    born_at_ms: int
    stored_at_ms: int
    born_host: str
    store_host: str
    flag: int
    sys_flag: int
    stored_bytes: int
    """Size of the record in the broker's log."""

    @property
    def receipt_handle(self) -> str | None:
        """By what a popped message is acked; None of one that was not popped."""
        return self.system_properties.get(names.POP_CK)

    def __repr__(self) -> str:
        """Show what identifies it; bodies do not belong into logs."""
        return (
            f"<ReceivedMessage {self.message_id} of {self.topic!r}, "
            f"{len(self.body)} bytes, tag {self.tag!r}>"
        )


def _delay(seconds: float) -> dict[str, str]:
    if seconds == int(seconds):
        return {names.TIMER_DELAY_SEC: str(int(seconds))}
    return {names.TIMER_DELAY_MS: str(round(seconds * 1000))}


def _several(keys: Iterable[str]) -> tuple[str, ...]:
    try:
        return tuple(keys)
    except TypeError:
        raise MessageIllegalError(
            f"keys is {keys!r}, not text or several texts",
            field="keys",
            value=keys,
            limit="text",
        ) from None


def _check_number(field: str, value: object, low: int) -> None:
    high = INT64_MAX if field == "deliver_at_ms" else INT32_MAX
    if value is None:
        return
    if not isinstance(value, int) or not low <= value <= high:
        raise MessageIllegalError(
            f"{field} is {value!r}, not {low} to {high}",
            field=field,
            value=value,
            limit=low if isinstance(value, int) and value < low else high,
        )


def _check_key(key: str) -> None:
    _check_text("keys", key)
    if key.split() != [key]:
        raise MessageIllegalError(
            f"key {key!r} is empty or has a blank in it",
            field="keys",
            value=key,
            limit="no blanks",
        )


def _check_property(name: str, value: str) -> None:
    _check_text("properties", name)
    _check_text("properties", value)
    if name in names.SYSTEM_NAMES and name != names.INNER_MULTI_DISPATCH:
        raise MessageIllegalError(
            f"the property name {name!r} is the system's own",
            field="properties",
            value=name,
            limit="no name of the system's own",
        )
    if not name or not value:
        raise MessageIllegalError(
            f"property {name!r}: names and values are not empty",
            field="properties",
            value=name,
            limit="not empty",
        )


def _check_text(field: str, text: object) -> None:
    if not isinstance(text, str):
        raise MessageIllegalError(
            f"{field} is {text!r}, not text", field=field, value=text, limit="text"
        )
    if "\x01" in text or "\x02" in text:
        separator = "\x01" if "\x01" in text else "\x02"
        raise MessageIllegalError(
            f"{field}: {text!r} contains the byte {separator!r}",
            field=field,
            value=text,
            limit=f"not {separator!r}",
        )
