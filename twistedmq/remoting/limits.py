"""The limits of one connection, as the parts of this room use them."""

from typing import Self

from msgspec import Struct

from twistedmq.config.remoting import MIB, RemotingConfig


class Limits(Struct, frozen=True):
    """How much connections may take; see RemotingConfig for what each one means."""

    max_frame_bytes: int = 16 * MIB
    max_connections: int = 20_000
    max_in_flight_requests: int = 10_000
    max_in_flight_bytes: int = 64 * MIB
    max_pending_requests: int = 65_535
    pause_at_unsent_bytes: int = 65_536
    max_unsent_bytes: int = 64 * MIB
    unsent_timeout_s: float = 60.0
    idle_s: float = 120.0

    @classmethod
    def of(cls, config: RemotingConfig) -> Self:
        """Take the limits of the connections that a server accepts."""
        return cls(**{name: getattr(config, name) for name in cls.__struct_fields__})

    @classmethod
    def of_client(cls, config: RemotingConfig) -> Self:
        """Take the limits of the connections that a client opens."""
        settings = {name: getattr(config, name) for name in cls.__struct_fields__}
        return cls(**settings | {"idle_s": config.client_idle_s})
