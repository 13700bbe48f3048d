"""The keys of request and reply."""

from typing import Final

from twistedmq.config.keys import Key
from twistedmq.config.replies import RepliesConfig
from twistedmq.config.values import BOOLEAN

REPLY_KEYS: Final[tuple[Key, ...]] = (
    Key(
        "storeReplyMessageEnable",
        BOOLEAN,
        RepliesConfig,
        "stored",
        "Keep replies in the topic CLUSTER_REPLY_TOPIC too; they reach the producer "
        "that waits in any case.",
    ),
)
