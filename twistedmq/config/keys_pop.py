"""The keys of popping."""

from typing import Final

from twistedmq.config.keys import Key
from twistedmq.config.pop import PopConfig
from twistedmq.config.values import COUNT

POP_KEYS: Final[tuple[Key, ...]] = (
    Key(
        "popPollingSize",
        COUNT,
        PopConfig,
        "max_held_of_queue",
        "How many pops of one group, topic and queue id may wait for messages.",
    ),
    Key(
        "maxPopPollingSize",
        COUNT,
        PopConfig,
        "max_held",
        "How many pops may wait for messages in all.",
    ),
)
