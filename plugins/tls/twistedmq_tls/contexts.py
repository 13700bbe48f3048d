"""What Twisted's TLS layer asks for a connection's OpenSSL side."""

from collections.abc import Callable
from typing import Any

from cryptography import x509
from OpenSSL import SSL, crypto
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.interfaces import (
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
)
from zope.interface import implementer

from twistedmq_tls.certificates import Identity


def _base_context() -> SSL.Context:
    """Give what both sides share: TLS 1.2 and 1.3, nothing known to be weak."""
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION)
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)
    return context


def _use(take: Callable[[Any], None], certificate: x509.Certificate) -> None:
    """Hand over *certificate* in the form this version of pyOpenSSL wants."""
    try:
        take(certificate)
    except TypeError:
        take(crypto.X509.from_cryptography(certificate))


def _use_key(context: SSL.Context, key: Any) -> None:
    try:
        context.use_privatekey(key)
    except TypeError:
        context.use_privatekey(crypto.PKey.from_cryptography_key(key))


def show(context: SSL.Context, identity: Identity) -> None:
    """Have *context* show a certificate; fails if its key does not fit."""
    _use(context.use_certificate, identity.certificate)
    for certificate in identity.chain:
        _use(context.add_extra_chain_cert, certificate)
    _use_key(context, identity.key)
    context.check_privatekey()


def trust(context: SSL.Context, vouching: list[x509.Certificate] | None) -> None:
    """Have *context* believe whom these vouch for; None: whom the system trusts."""
    context.set_verify(SSL.VERIFY_PEER)
    if vouching is None:
        context.set_default_verify_paths()
        return
    store = context.get_cert_store()
    assert store is not None
    for certificate in vouching:
        _use(store.add_cert, certificate)


@implementer(IOpenSSLServerConnectionCreator)
class ServerContext:
    """Accepts TLS connections with one certificate."""

    def __init__(self, identity: Identity) -> None:
        """Use *identity*; fails if key and certificate do not fit."""
        context = self._context = _base_context()
        show(context, identity)

    def serverConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        """Give the OpenSSL side of one connection."""
        return SSL.Connection(self._context, None)


def client_base() -> SSL.Context:
    """Give the context that all client connections share; it verifies nobody."""
    return _base_context()


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
