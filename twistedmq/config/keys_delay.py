"""The keys of delayed messages. The delays themselves are one of the store's."""

from typing import Final

from twistedmq.config.delay import DelayConfig
from twistedmq.config.keys import Key
from twistedmq.config.values import BOOLEAN, COUNT

DELAY_KEYS: Final[tuple[Key, ...]] = (
    Key(
        "flushDelayOffsetInterval",
        COUNT,
        DelayConfig,
        "flush_interval_ms",
        "How often it is written down how far the delay levels have been delivered, "
        "ms; after a crash, what came since is delivered again.",
    ),
    Key(
        "delayOffsetUpdateVersionStep",
        COUNT,
        DelayConfig,
        "version_step",
        "After how many steps forward the data version of delayOffset.json rises.",
    ),
    Key(
        "enableScheduleMessageStats",
        BOOLEAN,
        DelayConfig,
        "are_counted",
        "Count what is delivered late as read by SCHEDULE_CONSUMER from its level's "
        "queue.",
    ),
)
