"""TLS below the frames, by whatever plugin offers it."""

from typing import Any

from twisted.internet.interfaces import IProtocol, IReactorTime
from twisted.internet.protocol import Factory
from twisted.logger import Logger

from twistedmq.config.remoting import RemotingConfig
from twistedmq.remoting.errors import SecurityError
from twistedmq.remoting.interfaces import (
    ITransportSecurity,
    ITransportSecurityFactory,
)

DISABLED, PERMISSIVE, ENFORCING = MODES = ("disabled", "permissive", "enforcing")

_log = Logger()


def open_security(
    config: RemotingConfig, scheme: str = "tls"
) -> ITransportSecurity | None:
    """Make what *config* asks for on listening ports; None where TLS is disabled.

    Where it is permitted but not asked for, a missing library disables it as well.
    Raises: SecurityError.
    """
    asked_for = config.tls_mode == ENFORCING or bool(config.tls_certificate_path)
    if config.tls_mode not in MODES:
        raise SecurityError(f"the TLS mode is one of {', '.join(MODES)}")
    if config.tls_mode == DISABLED:
        return None
    try:
        return security_factory(scheme).open_security(
            config.tls_mode,
            config.tls_certificate_path,
            config.tls_key_path,
            config.tls_key_password,
        )
    except SecurityError as error:
        if asked_for:
            raise
        _log.info("TLS connections are not served: {reason}", reason=str(error))
        return None


def open_client_security(
    config: RemotingConfig, scheme: str = "tls"
) -> ITransportSecurity | None:
    """Make what *config* asks for on own connections; None where they are plain.

    Raises: SecurityError.
    """
    enforces = config.tls_mode == ENFORCING
    if not (enforces if config.client_tls is None else config.client_tls):
        return None
    return security_factory(scheme).open_client_security(
        config.client_tls_verify,
        config.client_trust_path,
        config.client_certificate_path,
        config.client_key_path,
        config.client_key_password,
    )


def serve_tls(
    security: ITransportSecurity, protocol: IProtocol, clock: IReactorTime
) -> IProtocol:
    """Give a protocol that decrypts for *protocol*; for an accepted connection."""
    return _wrap(security.server_context(), protocol, clock, is_client=False)


def client_tls(
    security: ITransportSecurity,
    host: str,
    protocol: IProtocol,
    clock: IReactorTime,
) -> IProtocol:
    """Give a protocol that decrypts for *protocol*; for a connection to *host*."""
    return _wrap(security.client_context(host), protocol, clock, is_client=True)


def security_factory(scheme: str = "tls") -> ITransportSecurityFactory:
    """Give the plugin of that name. Raises: SecurityError."""
    # few ask for TLS, and commands wait for each import
    from twisted.plugin import getPlugins  # noqa: PLC0415

    for factory in getPlugins(ITransportSecurityFactory):
        if factory.scheme == scheme:
            return factory
    raise SecurityError(f"no plugin offers transport security {scheme!r}")


def _wrap(
    context: Any, protocol: IProtocol, clock: IReactorTime, *, is_client: bool
) -> IProtocol:
    # Imported when the first TLS connection comes: it is heavy, and an extra.
    from twisted.protocols.tls import TLSMemoryBIOFactory  # noqa: PLC0415

    factory = TLSMemoryBIOFactory(context, is_client, Factory(), clock)
    return factory.protocol(factory, protocol)
