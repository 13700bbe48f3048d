"""What a broker remembers of broadcasting consumers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BroadcastConfig:
    """Members of broadcasting groups keep their offsets themselves, but a proxy cannot.

    So the broker remembers how far each member has pulled, for the member that goes
    over from a proxy to the broker, or back.
    """

    enabled: bool = True
    expire_s: int = 120
    """When a member is forgotten that is not connected."""
    expire_connected_s: int = 300
    """When one that is connected, but has stopped to pull."""
    max_members: int = 100_000
    """Members that are remembered, by topic and group."""
