"""TLS for TwistedMQ, on pyOpenSSL.

This module is imported whenever plugins are looked for, so it imports nothing heavy.
"""

from importlib.util import find_spec

from twisted.plugin import IPlugin
from zope.interface import implementer

from twistedmq.remoting.errors import SecurityError
from twistedmq.remoting.interfaces import (
    ITransportSecurity,
    ITransportSecurityFactory,
)


@implementer(IPlugin, ITransportSecurityFactory)
class TlsFactory:
    """Makes the transport security "tls"."""

    scheme = "tls"

    def open_security(
        self, mode: str, certificate_path: str, key_path: str, key_password: str
    ) -> ITransportSecurity:
        """Load certificate and key; without paths, a certificate is made when needed.

        Raises: SecurityError.
        """
        _need("OpenSSL", "cryptography")
        from twistedmq_tls.security import TlsSecurity  # noqa: PLC0415

        return TlsSecurity.open(mode, certificate_path, key_path, key_password)

    def open_client_security(
        self,
        verify: bool,
        trust_path: str,
        certificate_path: str,
        key_path: str,
        key_password: str,
    ) -> ITransportSecurity:
        """Load whom a client trusts, and its certificate.

        Raises: SecurityError.
        """
        _need("OpenSSL", "cryptography", "service_identity")
        from twistedmq_tls.client_security import ClientSecurity  # noqa: PLC0415

        return ClientSecurity.open(
            verify, trust_path, certificate_path, key_path, key_password
        )


def _need(*libraries: str) -> None:
    for library in libraries:
        if find_spec(library) is None:
            raise SecurityError(f"{library} is not installed (twistedmq[tls])")
