"""Whether the broker tries the address that it tells clients."""

from dataclasses import dataclass
from typing import Final

from twistedmq.config.keys import Key
from twistedmq.config.values import BOOLEAN, COUNT


@dataclass(frozen=True)
class ReachabilityConfig:
    """Dialling back."""

    dial_back: bool = True
    dial_back_timeout_ms: int = 5_000


REACHABILITY_KEYS: Final = (
    Key(
        "dialBackEnable",
        BOOLEAN,
        ReachabilityConfig,
        "dial_back",
        "Connect to the address that name servers and clients are told (brokerIP1), "
        "and warn in the log if that fails.",
        genuine=False,
    ),
    Key(
        "dialBackTimeoutMillis",
        COUNT,
        ReachabilityConfig,
        "dial_back_timeout_ms",
        "After how long such a connection counts as failed, ms.",
        genuine=False,
    ),
)
