"""Locks on queues, for groups that consume in order."""

from dataclasses import dataclass
from typing import Final

from twistedmq.config.keys import Key
from twistedmq.config.values import COUNT


@dataclass(frozen=True)
class LockConfig:
    """How long locks last."""

    expires_ms: int = 60_000
    """After the last time its client took it; clients do so every 20 s."""


LOCK_KEYS: Final = (
    Key(
        "rebalanceLockMaxLiveTime",
        COUNT,
        LockConfig,
        "expires_ms",
        "How long a queue stays locked for a consumer in order that is not heard of, "
        "ms; a genuine broker takes it as the system property "
        "rocketmq.broker.rebalance.lockMaxLiveTime.",
        genuine=False,
    ),
)
