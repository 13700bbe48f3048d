"""From what waits in the schedule topic to what is delivered. Pure.

A message goes to the topic and queue that it was sent to, with everything that it had;
its properties stay as they are, REAL_TOPIC and DELAY included, as the genuine broker
leaves them. Source: ScheduleMessageService.messageTimeUp.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from twistedmq.protocol import properties as props
from twistedmq.protocol.command import Buffer
from twistedmq.protocol.names import HALF_TOPIC
from twistedmq.protocol.record import (
    MIN_RECORD_BYTES,
    Record,
    RecordError,
    decode_record,
    physical_offset_of,
    size_of,
)
from twistedmq.protocol.send_batch import SendBatch
from twistedmq.protocol.system_flags import BORN_HOST_V6, STORE_HOST_V6

_REAL_TOPIC: Final = props.REAL_TOPIC.encode()
_REAL_QUEUE_ID: Final = props.REAL_QUEUE_ID.encode()
_TAGS: Final = props.TAGS.encode()
_HOST_FLAGS: Final = BORN_HOST_V6 | STORE_HOST_V6


class Undeliverable(Struct):
    """A message that cannot go where it was sent to."""

    physical_offset: int
    """Where it stays in the log."""
    problem: str


class Restored(Struct):
    """What a read of the schedule topic gives to deliver."""

    messages: list[Record]
    """Each under the topic and queue that it is for."""
    left_out: list[Undeliverable]


def restore(buffers: Iterable[Buffer]) -> Restored:
    """Turn records of the schedule topic, in a row, into those to deliver."""
    restored = Restored([], [])
    for buffer in buffers:
        at = 0
        while at + MIN_RECORD_BYTES <= len(buffer):
            try:
                record = decode_record(buffer, at)
                _send_home(record)
            except RecordError as error:
                place = physical_offset_of(buffer, at)
                restored.left_out.append(Undeliverable(place, str(error)))
            else:
                restored.messages.append(record)
            at += max(size_of(buffer, at), MIN_RECORD_BYTES)
    return restored


def _send_home(record: Record) -> None:
    """Give *record* its own topic and queue again."""
    topic = props.get(record.properties, _REAL_TOPIC)
    queue_id = props.get(record.properties, _REAL_QUEUE_ID)
    if not topic or queue_id is None or not queue_id.isdigit():
        raise RecordError(
            f"{props.REAL_TOPIC} and {props.REAL_QUEUE_ID} do not say for which queue "
            "it is"
        )
    record.topic = topic.decode("utf-8", "replace")
    record.queue_id = int(queue_id[:10])
    if record.topic == HALF_TOPIC:
        raise RecordError(f"it is for {HALF_TOPIC}, where nothing is delivered to")


def columns(messages: Sequence[Record]) -> SendBatch:
    """Give *messages* as a store appends them."""
    return SendBatch(
        topics=[m.topic for m in messages],
        queue_ids=[m.queue_id for m in messages],
        flags=[m.flag for m in messages],
        sys_flags=[m.sys_flag & ~_HOST_FLAGS for m in messages],
        born_ms=[m.born_ms for m in messages],
        born_hosts=[m.born_host for m in messages],
        reconsume_times=[m.reconsume_times for m in messages],
        prepared_offsets=[0] * len(messages),
        properties=[m.properties for m in messages],
        tags_codes=[_tags_code(m.properties) for m in messages],
        bodies=[m.body for m in messages],
    )


def _tags_code(encoded: bytes) -> int:
    tag = props.get(encoded, _TAGS)
    return props.tags_code(tag.decode("utf-8", "replace")) if tag else 0
