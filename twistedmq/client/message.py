"""What is sent, what comes back from sending, and what is received."""

from collections.abc import Iterable, Mapping
from enum import IntEnum

from msgspec import Struct

from twistedmq.protocol import properties as names
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.numbers import INT32_MAX
from twistedmq.store.interfaces import Durability

__all__ = [
    "Durability",
    "Message",
    "MessageQueue",
    "Receipt",
    "ReceivedMessage",
    "SendStatus",
]

_SEPARATORS = ("\x01", "\x02")


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
        priority: 0 and up: the number of the queue it is stored in, and so how early
            it is popped from a topic of the message type PRIORITY.
        flag: a 32-bit number that is carried along.
        wait_stored: False lets the broker answer before flush and replication.

    Raises:
        MessageIllegalError: a property is reserved, empty or has a separator in it, or
            the priority is out of range.
    """

    __slots__ = (
        "body",
        "delay_level",
        "flag",
        "keys",
        "priority",
        "properties",
        "tag",
        "topic",
        "wait_stored",
    )

    def __init__(
        self,
        topic: str,
        body: bytes,
        *,
        tag: str | None = None,
        keys: str | Iterable[str] = (),
        properties: Mapping[str, str] | None = None,
        delay_level: int = 0,
        priority: int | None = None,
        flag: int = 0,
        wait_stored: bool = True,
    ) -> None:
        self.topic = topic
        self.body = body
        self.tag = tag
        self.keys = (keys,) if isinstance(keys, str) else tuple(keys)
        self.properties = dict(properties or {})
        self.delay_level = delay_level
        self.priority = priority
        self.flag = flag
        self.wait_stored = wait_stored
        if priority is not None and not 0 <= priority <= INT32_MAX:
            raise MessageIllegalError(f"priority is {priority}, not 0 to {INT32_MAX}")
        for name, value in self.properties.items():
            _check_property(name, value)
        for name, word in [("tag", tag or ""), *(("key", key) for key in self.keys)]:
            _check_text(name, word)

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
        if self.priority is not None:
            stored[names.PRIORITY] = str(self.priority)
        stored[names.WAIT] = "true" if self.wait_stored else "false"
        return stored


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

    def __repr__(self) -> str:
        """Show what identifies it; bodies do not belong into logs."""
        return (
            f"<ReceivedMessage {self.message_id} of {self.topic!r}, "
            f"{len(self.body)} bytes, tag {self.tag!r}>"
        )


def _check_property(name: str, value: str) -> None:
    if name in names.SYSTEM_NAMES and name != names.INNER_MULTI_DISPATCH:
        raise MessageIllegalError(f"the property name {name!r} is the system's own")
    if not name or not value:
        raise MessageIllegalError(f"property {name!r}: names and values are not empty")
    _check_text("property name", name)
    _check_text(f"property {name!r}", value)


def _check_text(what: str, text: str) -> None:
    for separator in _SEPARATORS:
        if separator in text:
            raise MessageIllegalError(
                f"{what} {text!r} contains the byte {separator!r}"
            )
