"""Which messages wait for their delay level, and where. Pure.

A message with the property DELAY goes into the queue of that level in the schedule
topic. The store makes the queue entry say when it is due (``store.delay_levels``).
Source: HookUtils.transformDelayLevelMessage.
"""

import re
from typing import Final

from twistedmq.broker.inner.diversion import Diverted
from twistedmq.broker.inner.message import InnerMessage
from twistedmq.protocol import properties as props
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.names import SCHEDULE_TOPIC
from twistedmq.protocol.system_flags import TRANSACTION_COMMIT, TRANSACTION_MASK
from twistedmq.store.delay_levels import DelayLevels

_OTHER_TIMES: Final = (
    props.TIMER_DELIVER_MS,
    props.TIMER_DELAY_SEC,
    props.TIMER_DELAY_MS,
)
"""Properties that ask for a time of delivery; a level counts more."""

_MOST: Final = 0x7FFFFFFF
_is_number: Final = re.compile(r"[+-]?[0-9]{1,10}").fullmatch


class DelayDiversion:
    """Sends a message that asks for a delay level to where it waits."""

    def __init__(self, levels: DelayLevels) -> None:
        self._levels = levels

    def __call__(self, message: InnerMessage) -> Diverted | None:
        """See ``inner.diversion.Diversion``.

        Raises: MessageIllegalError, where the level is no number.
        """
        level = asked_level(message.properties)
        if level <= 0 or message.sys_flag & TRANSACTION_MASK not in (
            0,
            TRANSACTION_COMMIT,
        ):
            return None
        level = min(level, self._levels.highest)
        properties = message.properties
        for name in _OTHER_TIMES:
            properties.pop(name, None)
        properties[props.DELAY] = str(level)
        properties[props.REAL_TOPIC] = message.topic
        properties[props.REAL_QUEUE_ID] = str(message.queue_id)
        message.topic = SCHEDULE_TOPIC
        message.queue_id = queue_of(level)
        return Diverted(message)


def asked_level(properties: dict[str, str]) -> int:
    """Give the level that a message asks for; 0 if it does not.

    Raises: MessageIllegalError.
    """
    text = properties.get(props.DELAY, "").strip()
    if not text:
        return 0
    if not _is_number(text) or abs(int(text)) > _MOST:
        raise MessageIllegalError(
            f"{props.DELAY}={text[:40]}: a delay level is a number from 1 to the "
            "number of delays in messageDelayLevel"
        )
    return int(text)


def queue_of(level: int) -> int:
    """Give the id of the queue in which messages of *level* wait."""
    return level - 1


def level_of(queue_id: int) -> int:
    """Give the level whose messages wait in the queue *queue_id*."""
    return queue_id + 1
