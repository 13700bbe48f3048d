"""Settings of listening ports, connections and their limits."""

from dataclasses import dataclass
from typing import Final

MIB: Final = 1024 * 1024


@dataclass(frozen=True)
class RemotingConfig:
    """What a server or a client of this room may be told. All limits have a name here.

    The defaults are upstream's where upstream has the setting.
    """

    listen_host: str = "0.0.0.0"
    """Address to listen on; ``0.0.0.0`` means every address, IPv6 included."""
    listen_port: int = 10911
    advertised_host: str = ""
    """What clients are told to connect to; "" means the first address that is not
    loopback."""
    backlog: int = 1024
    accept_proxy_header: bool = True
    """Whether a PROXY protocol header may name the peer's address."""
    drain_ms: int = 3000
    """How long a stopping server waits for replies that are not finished."""

    max_frame_bytes: int = 16 * MIB
    max_connections: int = 20_000
    max_in_flight_requests: int = 10_000
    """Unanswered requests of one connection; above, nothing is read from it."""
    max_in_flight_bytes: int = 64 * MIB
    """Size of such requests whose replies take a while; above, likewise."""
    max_pending_requests: int = 65_535
    """Own requests on one connection that wait for answers; above, they are refused."""
    pause_at_unsent_bytes: int = 65_536
    """Outgoing bytes of one connection; above, nothing is read from it."""
    max_unsent_bytes: int = 64 * MIB
    """Outgoing bytes of one connection; above, it is dropped."""
    unsent_timeout_s: int = 60
    """A connection over ``pause_at_unsent_bytes`` that takes nothing for so long is
    dropped."""
    idle_s: int = 120
    """A connection on which nothing moves for so long is closed; 0 means never."""

    connect_timeout_ms: int = 3000
    client_idle_s: int = 120
    reconnect_min_ms: int = 100
    reconnect_max_ms: int = 3000
    """After a failed connect, the pause before the next doubles up to this."""

    tls_mode: str = "permissive"
    """Of the listening ports: "disabled", "permissive" or "enforcing"."""
    tls_certificate_path: str = ""
    """PEM file; "" means a self-signed certificate made when needed."""
    tls_key_path: str = ""
    tls_key_password: str = ""
    client_tls: bool | None = None
    """Whether own connections to other programs use TLS; None: if the listening ports
    ask for it."""
    client_tls_verify: bool = False
    """Whether those programs must prove who they are."""
    client_trust_path: str = ""
    """PEM file of who vouches for them; "" means those that the system trusts."""
    client_certificate_path: str = ""
    """PEM file of what they are shown if they ask."""
    client_key_path: str = ""
    client_key_password: str = ""
