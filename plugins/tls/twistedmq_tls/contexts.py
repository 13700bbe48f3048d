"""What Twisted's TLS layer asks for a connection's OpenSSL side."""

from typing import Any

from OpenSSL import SSL, crypto
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.interfaces import (
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
)
from twisted.internet.ssl import CertificateOptions
from zope.interface import implementer

from twistedmq_tls.certificates import Identity


@implementer(IOpenSSLServerConnectionCreator)
class ServerContext:
    """Accepts TLS connections with one certificate."""

    def __init__(self, identity: Identity) -> None:
        """Use *identity*; fails if key and certificate do not fit."""
        self._context = CertificateOptions(
            privateKey=crypto.PKey.from_cryptography_key(identity.key),
            certificate=crypto.X509.from_cryptography(identity.certificate),
            extraCertChain=[crypto.X509.from_cryptography(c) for c in identity.chain],
        ).getContext()

    def serverConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        """Give the OpenSSL side of one connection."""
        return SSL.Connection(self._context, None)


def client_base() -> SSL.Context:
    """Give the context that all client connections share; it verifies nobody."""
    context: SSL.Context = CertificateOptions().getContext()
    return context


@implementer(IOpenSSLClientConnectionCreator)
class ClientContext:
    """Opens TLS connections to one host."""

    def __init__(self, context: SSL.Context, hostname: str) -> None:
        """Say *hostname* to the server, so that it can choose its certificate."""
        self._context = context
        self._hostname = hostname

    def clientConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        """Give the OpenSSL side of one connection."""
        connection = SSL.Connection(self._context, None)
        if not isIPAddress(self._hostname) and not isIPv6Address(self._hostname):
            connection.set_tlsext_host_name(self._hostname.encode("idna"))
        return connection
