"""The keys of what is remembered of broadcasting consumers."""

from typing import Final

from twistedmq.config.broadcast import BroadcastConfig
from twistedmq.config.keys import Key
from twistedmq.config.values import AMOUNT, BOOLEAN, LONG_AMOUNT

BROADCAST_KEYS: Final[tuple[Key, ...]] = (
    Key(
        "enableBroadcastOffsetStore",
        BOOLEAN,
        BroadcastConfig,
        "enabled",
        "Remember how far each member of a broadcasting group has pulled, so that it "
        "can go over from a proxy to this broker, or back.",
    ),
    Key(
        "broadcastOffsetExpireSecond",
        LONG_AMOUNT,
        BroadcastConfig,
        "expire_s",
        "When a member is forgotten that is not connected.",
    ),
    Key(
        "broadcastOffsetExpireMaxSecond",
        LONG_AMOUNT,
        BroadcastConfig,
        "expire_connected_s",
        "When a member is forgotten that is connected, but does not pull.",
    ),
    Key(
        "maxBroadcastMembers",
        AMOUNT,
        BroadcastConfig,
        "max_members",
        "How many members of broadcasting groups are remembered, counted for each "
        "topic; others are served all the same.",
        genuine=False,
    ),
)
