"""From a record of the timer topic to the message it stands for. Pure.

The real topic and queue stay among the properties, as the genuine broker leaves them.
Source: TimerMessageStore.convert.
"""

from collections.abc import Mapping
from typing import Final

from twistedmq.broker.inner.message import InnerMessage
from twistedmq.protocol import properties as props
from twistedmq.protocol.names import TIMER_TOPIC

_MOST_PROPERTIES: Final = 32_767


class NotTimedError(ValueError):
    """A record that is no message waiting for its time."""


def due_time(topic: str, held: Mapping[str, str]) -> int:
    """Give the time of the slot after which a waiting message is to be delivered.

    *topic* and *held*, its properties, are as they are stored.
    Raises: NotTimedError.
    """
    text = held.get(props.TIMER_OUT_MS, "")
    if topic != TIMER_TOPIC or not held.get(props.REAL_TOPIC):
        raise NotTimedError(f"no real topic among {sorted(held)}")
    if not (text.isascii() and text.isdigit()):
        raise NotTimedError(f"{props.TIMER_OUT_MS}={text!r}")
    return int(text)


def delivered(message: InnerMessage, placed_ms: int, now_ms: int) -> InnerMessage:
    """Make of a waiting message the one that consumers get.

    Raises: NotTimedError.
    """
    _stamp(message, placed_ms, now_ms)
    held = message.properties
    queue_id = held.get(props.REAL_QUEUE_ID, "")
    if not (queue_id.isascii() and queue_id.isdigit()):
        raise NotTimedError(f"{props.REAL_QUEUE_ID}={queue_id!r}")
    message.topic, message.queue_id = held[props.REAL_TOPIC], int(queue_id)
    return message


def rolled(message: InnerMessage, placed_ms: int, now_ms: int) -> InnerMessage:
    """Make of a waiting message the one that goes on waiting in its place."""
    times = message.properties.get(props.TIMER_ROLL_TIMES, "0")
    more = int(times) + 1 if times.isascii() and times.isdigit() else 1
    message.properties[props.TIMER_ROLL_TIMES] = str(more)
    _stamp(message, placed_ms, now_ms)
    return message


def _stamp(message: InnerMessage, placed_ms: int, now_ms: int) -> None:
    held = message.properties
    stamped = {
        **held,
        props.TIMER_ENQUEUE_MS: str(placed_ms),
        props.TIMER_DEQUEUE_MS: str(now_ms),
    }
    if len(props.format(stamped)) <= _MOST_PROPERTIES:
        message.properties = stamped
