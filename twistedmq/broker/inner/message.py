"""A message that the broker stores by its own doing, or stores elsewhere than asked.

One at a time and easy to handle: for the few messages that are not simply stored. The
many go through as columns (``protocol.send_batch``) and never become one of these.
Source: MessageExtBrokerInner.
"""

from collections.abc import Sequence

from msgspec import Struct

from twistedmq.protocol import properties as props
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.record import Record
from twistedmq.protocol.send_batch import SendBatch
from twistedmq.protocol.system_flags import BORN_HOST_V6, STORE_HOST_V6

_NO_HOST = b"\0" * 8
_MOST_PROPERTIES = 0x7FFF


class InnerMessage(Struct):
    """A message before it has offsets. ``body`` is as stored (perhaps compressed)."""

    topic: str
    queue_id: int
    properties: dict[str, str]
    body: bytes
    flag: int = 0
    sys_flag: int = 0
    born_ms: int = 0
    born_host: bytes = _NO_HOST
    """Packed address of who sent it."""
    reconsume_times: int = 0
    prepared_offset: int = 0
    tags_code: int | None = None
    """For the queue entry; None: the hash of the tag."""
    encoded: bytes | None = None
    """All properties as a record holds them, where nobody needs to look at them."""

    @property
    def unique_id(self) -> str:
        """The id its producer gave it, or ""."""
        return self.properties.get(props.UNIQ_KEY, "")


def of_record(record: Record, properties: dict[str, str] | None = None) -> InnerMessage:
    """Give a stored message as one that can be stored again.

    *properties* are the message's, where somebody has parsed them already.
    """
    return InnerMessage(
        topic=record.topic,
        queue_id=record.queue_id,
        properties=props.parse(record.properties) if properties is None else properties,
        body=record.body,
        flag=record.flag,
        sys_flag=record.sys_flag & ~(BORN_HOST_V6 | STORE_HOST_V6),
        born_ms=record.born_ms,
        born_host=record.born_host,
        reconsume_times=record.reconsume_times,
        prepared_offset=record.prepared_offset,
    )


def of_batch(batch: SendBatch, index: int) -> InnerMessage:
    """Give message *index* of a batch."""
    return InnerMessage(
        topic=batch.topics[index],
        queue_id=batch.queue_ids[index],
        properties=props.parse(batch.properties[index]),
        body=batch.bodies[index],
        flag=batch.flags[index],
        sys_flag=batch.sys_flags[index],
        born_ms=batch.born_ms[index],
        born_host=batch.born_hosts[index],
        reconsume_times=batch.reconsume_times[index],
        prepared_offset=batch.prepared_offsets[index],
        tags_code=batch.tags_codes[index],
    )


def put_into(batch: SendBatch, index: int, message: InnerMessage) -> None:
    """Make *message* message *index* of a batch.

    Raises: MessageIllegalError, where its properties do not fit into a record.
    """
    batch.topics[index] = message.topic
    batch.queue_ids[index] = message.queue_id
    batch.flags[index] = message.flag
    batch.sys_flags[index] = message.sys_flag
    batch.born_ms[index] = message.born_ms
    batch.born_hosts[index] = message.born_host
    batch.reconsume_times[index] = message.reconsume_times
    batch.prepared_offsets[index] = message.prepared_offset
    batch.properties[index] = _encoded(message)
    batch.tags_codes[index] = _tags_code(message)
    batch.bodies[index] = message.body


def as_batch(messages: Sequence[InnerMessage]) -> SendBatch:
    """Give *messages* (at least one) as columns.

    Raises: MessageIllegalError, where properties do not fit into a record.
    """
    rows = [
        (
            m.topic,
            m.queue_id,
            m.flag,
            m.sys_flag,
            m.born_ms,
            m.born_host,
            m.reconsume_times,
            m.prepared_offset,
            _encoded(m),
            _tags_code(m),
            m.body,
        )
        for m in messages
    ]
    return SendBatch(*map(list, zip(*rows, strict=True)))


def _encoded(message: InnerMessage) -> bytes:
    encoded = message.encoded
    if encoded is None:
        encoded = props.format(message.properties)
    if len(encoded) > _MOST_PROPERTIES:
        raise MessageIllegalError(
            f"with what the broker adds, the message's properties have {len(encoded)} "
            f"bytes; the limit is {_MOST_PROPERTIES}"
        )
    return encoded


def _tags_code(message: InnerMessage) -> int:
    if message.tags_code is not None:
        return message.tags_code
    return props.tags_code(message.properties.get(props.TAGS))
