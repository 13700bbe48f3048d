"""Retried messages as consumers see them: under the topic that they popped."""

from collections.abc import Callable, Sequence

from twistedmq.protocol import properties as props
from twistedmq.protocol.command import Buffer
from twistedmq.protocol.record import decode_records, encode_record


def under_topic(
    records: Sequence[Buffer], topic: str, handle: Callable[[int, int], str]
) -> list[Buffer]:
    """Give *records* as if they were of *topic*, with their handle as a property.

    The handle names the retry topic, in which the message is acknowledged; *handle*
    gives it for a queue id and offset.
    """
    shown: list[Buffer] = []
    for buffer in records:
        for record in decode_records(buffer):
            properties = props.parse(record.properties)
            properties.setdefault(
                props.POP_CK, handle(record.queue_id, record.queue_offset)
            )
            record.topic = topic
            record.properties = props.format(properties)
            shown.append(encode_record(record))
    return shown
