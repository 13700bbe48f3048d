"""Keys that every server has: its ports, its limits, TLS, its log."""

from collections.abc import Callable
from typing import Any, Final

from twistedmq.config.keys import Effect, Key
from twistedmq.config.logging import LoggingConfig, LogLevel
from twistedmq.config.remoting import RemotingConfig
from twistedmq.config.values import (
    AMOUNT,
    BOOLEAN,
    COUNT,
    NAME,
    OPTIONAL_PATH,
    PORT,
    TEXT,
    Kind,
    choice,
    name_of,
)

NO_CLIENT_CERTIFICATES: Final = (
    "certificates of clients are not checked yet, so they would protect nothing"
)


def listen_keys(port: int, ports: Kind[int] = PORT) -> tuple[Key, ...]:
    """Give the keys of the listening socket; *port* is the server's usual one."""
    return (
        Key(
            "listenPort",
            ports,
            RemotingConfig,
            "listen_port",
            "Main port.",
            default=port,
            at_restart=True,
            important=True,
        ),
        Key(
            "bindAddress",
            NAME,
            RemotingConfig,
            "listen_host",
            "Address to listen on; 0.0.0.0, or ::, is every address of IPv4 and IPv6.",
            at_restart=True,
        ),
        Key(
            "serverSocketBacklog",
            COUNT,
            RemotingConfig,
            "backlog",
            "Connections that may wait to be accepted.",
            at_restart=True,
        ),
        Key(
            "serverChannelMaxIdleTimeSeconds",
            AMOUNT,
            RemotingConfig,
            "idle_s",
            "A connection on which nothing moves for so long is closed; 0 means never.",
            at_restart=True,
        ),
    )


LIMIT_KEYS: Final = (
    Key(
        "maxFrameBytes",
        COUNT,
        RemotingConfig,
        "max_frame_bytes",
        "Largest frame that is read.",
        aliases=("com.rocketmq.remoting.frameMaxLength",),
        genuine=False,
        at_restart=True,
    ),
    Key(
        "maxConnections",
        COUNT,
        RemotingConfig,
        "max_connections",
        "Connections that are accepted at a time.",
        genuine=False,
        at_restart=True,
    ),
    Key(
        "maxInFlightRequests",
        COUNT,
        RemotingConfig,
        "max_in_flight_requests",
        "Unanswered requests of one connection; above, nothing is read from it.",
        genuine=False,
        at_restart=True,
    ),
    Key(
        "maxInFlightBytes",
        COUNT,
        RemotingConfig,
        "max_in_flight_bytes",
        "Size of such requests whose replies take a while; above, likewise.",
        genuine=False,
        at_restart=True,
    ),
    Key(
        "pauseAtUnsentBytes",
        COUNT,
        RemotingConfig,
        "pause_at_unsent_bytes",
        "Outgoing bytes of one connection; above, nothing is read from it.",
        genuine=False,
        at_restart=True,
    ),
    Key(
        "maxUnsentBytes",
        COUNT,
        RemotingConfig,
        "max_unsent_bytes",
        "Outgoing bytes of one connection; above, it is dropped.",
        genuine=False,
        at_restart=True,
    ),
    Key(
        "unsentTimeoutSeconds",
        COUNT,
        RemotingConfig,
        "unsent_timeout_s",
        "A paused connection that takes nothing for so long is dropped.",
        genuine=False,
        at_restart=True,
    ),
    Key(
        "acceptProxyHeader",
        BOOLEAN,
        RemotingConfig,
        "accept_proxy_header",
        "Whether a PROXY protocol header may name a client's address.",
        genuine=False,
        at_restart=True,
    ),
    Key(
        "drainMillis",
        AMOUNT,
        RemotingConfig,
        "drain_ms",
        "How long a stopping server waits for replies that are not finished.",
        genuine=False,
        at_restart=True,
    ),
)

CLIENT_KEYS: Final = (
    Key(
        "connectTimeoutMillis",
        COUNT,
        RemotingConfig,
        "connect_timeout_ms",
        "Time limit of opening an own connection.",
        at_restart=True,
    ),
    Key(
        "clientChannelMaxIdleTimeSeconds",
        AMOUNT,
        RemotingConfig,
        "client_idle_s",
        "The same as serverChannelMaxIdleTimeSeconds for own connections.",
        at_restart=True,
    ),
    Key(
        "clientAsyncSemaphoreValue",
        COUNT,
        RemotingConfig,
        "max_pending_requests",
        "Own requests on one connection that wait for answers; above, they are "
        "refused.",
        at_restart=True,
    ),
    Key(
        "reconnectMinMillis",
        COUNT,
        RemotingConfig,
        "reconnect_min_ms",
        "Pause after the first failed connect; it doubles from one to the next.",
        genuine=False,
        at_restart=True,
    ),
    Key(
        "reconnectMaxMillis",
        COUNT,
        RemotingConfig,
        "reconnect_max_ms",
        "Longest such pause.",
        genuine=False,
        at_restart=True,
    ),
)

TLS_KEYS: Final = (
    Key(
        "tls.server.mode",
        name_of("disabled", "permissive", "enforcing"),
        RemotingConfig,
        "tls_mode",
        "Whether connections may or must use TLS.",
        at_restart=True,
    ),
    Key(
        "tls.server.certPath",
        TEXT,
        RemotingConfig,
        "tls_certificate_path",
        "PEM file of the certificate; empty is one made when needed, signed by itself.",
        at_restart=True,
    ),
    Key(
        "tls.server.keyPath",
        TEXT,
        RemotingConfig,
        "tls_key_path",
        "PEM file of the certificate's key.",
        at_restart=True,
    ),
    Key(
        "tls.server.keyPassword",
        TEXT,
        RemotingConfig,
        "tls_key_password",
        "Password of the key.",
        secret=True,
        at_restart=True,
    ),
    Key(
        "tls.test.mode.enable",
        BOOLEAN,
        effect=Effect.ACCEPTED,
        default=True,
        meaning="Whether a certificate made at start will do; false asks for files.",
    ),
    Key(
        "tls.enable",
        BOOLEAN,
        RemotingConfig,
        "client_tls",
        "Whether own connections, to name servers and other brokers, use TLS.",
        shown_default="`true` where tls.server.mode is enforcing, else `false`",
        at_restart=True,
    ),
    Key(
        "tls.client.authServer",
        BOOLEAN,
        RemotingConfig,
        "client_tls_verify",
        "Whether who is reached by own connections must prove who it is.",
        at_restart=True,
    ),
    Key(
        "tls.client.trustCertPath",
        TEXT,
        RemotingConfig,
        "client_trust_path",
        "PEM file of who vouches for them; empty is those whom the system trusts.",
        at_restart=True,
    ),
    Key(
        "tls.client.certPath",
        TEXT,
        RemotingConfig,
        "client_certificate_path",
        "PEM file of a certificate for own connections, if they are asked for one.",
        at_restart=True,
    ),
    Key(
        "tls.client.keyPath",
        TEXT,
        RemotingConfig,
        "client_key_path",
        "PEM file of that certificate's key.",
        at_restart=True,
    ),
    Key(
        "tls.client.keyPassword",
        TEXT,
        RemotingConfig,
        "client_key_password",
        "Password of that key.",
        secret=True,
        at_restart=True,
    ),
    Key(
        "tls.server.need.client.auth",
        name_of("none", "optional", "require"),
        effect=Effect.REFUSED,
        default="none",
        reason=NO_CLIENT_CERTIFICATES,
    ),
    Key(
        "tls.server.authClient",
        BOOLEAN,
        effect=Effect.REFUSED,
        default=False,
        reason=NO_CLIENT_CERTIFICATES,
    ),
    Key(
        "tls.server.trustCertPath",
        TEXT,
        effect=Effect.REFUSED,
        default="",
        reason=NO_CLIENT_CERTIFICATES,
    ),
    Key(
        "tls.config.file",
        TEXT,
        effect=Effect.REFUSED,
        default="",
        reason="its settings belong into this file",
    ),
)

LOGGING_KEYS: Final = (
    Key(
        "logLevel",
        choice({level.value: level for level in LogLevel}),
        LoggingConfig,
        "level",
        "The least serious line that is written.",
        genuine=False,
        at_restart=True,
    ),
    Key(
        "logFile",
        OPTIONAL_PATH,
        LoggingConfig,
        "file",
        "File of the log; empty is standard output.",
        genuine=False,
        at_restart=True,
    ),
    Key(
        "logRotateBytes",
        COUNT,
        LoggingConfig,
        "rotate_bytes",
        "Size at which another log file is begun.",
        genuine=False,
        at_restart=True,
    ),
    Key(
        "logKeepFiles",
        COUNT,
        LoggingConfig,
        "keep_files",
        "Full log files that are kept.",
        genuine=False,
        at_restart=True,
    ),
)


def check_tls(value: Callable[[str], Any]) -> str | None:
    """A certificate and its key come together; without test mode they must be there."""
    certificate, key = value("tls.server.certPath"), value("tls.server.keyPath")
    if bool(certificate) != bool(key):
        return "tls.server.certPath and tls.server.keyPath must be given together"
    if bool(value("tls.client.certPath")) != bool(value("tls.client.keyPath")):
        return "tls.client.certPath and tls.client.keyPath must be given together"
    asked_for = not value("tls.test.mode.enable")
    if asked_for and not certificate and value("tls.server.mode") != "disabled":
        return "tls.test.mode.enable=false asks for tls.server.certPath and keyPath"
    return None
