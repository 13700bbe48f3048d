"""Messages with a priority: it is the number of the queue that they are stored in.

Whoever pops a topic of the message type PRIORITY takes from the last queue first.
Source: SendMessageProcessor, TopicMessageType.parseFromMessageProperty.
"""

from collections.abc import Mapping
from typing import Final

from twistedmq.protocol import properties as props
from twistedmq.protocol.numbers import INT32_MAX

_STRONGER: Final = (
    props.DELAY,
    props.TIMER_DELIVER_MS,
    props.TIMER_DELAY_SEC,
    props.TIMER_DELAY_MS,
    props.SHARDING_KEY,
)
"""What is delayed or ordered has its queue from that."""


def priority_of(properties: Mapping[str, str]) -> int | None:
    """Give a message's priority; None if it has none that can be read."""
    text = properties.get(props.PRIORITY, "")
    if not text.isascii() or not text.isdigit():
        return None
    priority = int(text[:11])
    return priority if priority <= INT32_MAX else None


def counts(properties: Mapping[str, str]) -> bool:
    """Whether the priority of such a message decides about its queue."""
    is_half = properties.get(props.TRANSACTION_PREPARED, "").lower() == "true"
    return not is_half and properties.keys().isdisjoint(_STRONGER)
