"""The keys of delayed messages. The delays themselves are one of the store's."""

from typing import Final

from twistedmq.config.delay import DelayConfig
from twistedmq.config.keys import Key
from twistedmq.config.values import COUNT

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
)
