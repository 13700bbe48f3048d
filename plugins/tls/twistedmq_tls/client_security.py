"""ITransportSecurity of programs that only connect: whom they trust, who they are."""

from typing import Any, Self

from cryptography import x509
from OpenSSL import SSL
from service_identity import CertificateError, VerificationError
from service_identity.pyopenssl import verify_hostname, verify_ip_address
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.python.failure import Failure
from zope.interface import implementer

from twistedmq.remoting.errors import SecurityError
from twistedmq.remoting.interfaces import ITransportSecurity
from twistedmq_tls.certificates import Identity, load_certificates, load_identity
from twistedmq_tls.contexts import ClientContext, client_base, show, trust


@implementer(ITransportSecurity)
class ClientSecurity:
    """TLS for connections that are opened; it listens nowhere.

    Args:
        verify: whether servers must prove who they are.
        trusted: who vouches for them; None: those that the system trusts.
        identity: what servers that ask for a certificate are shown.
    """

    mode = "disabled"

    def __init__(
        self,
        verify: bool,
        trusted: list[x509.Certificate] | None,
        identity: Identity | None,
    ) -> None:
        self._verify = verify
        self._trusted = trusted
        self._identity = identity

    @classmethod
    def open(
        cls,
        verify: bool,
        trust_path: str,
        certificate_path: str,
        key_path: str,
        key_password: str,
    ) -> Self:
        """Load what the paths name, and see that it can be used.

        Raises: SecurityError.
        """
        identity = None
        if certificate_path or key_path:
            identity = load_identity(certificate_path, key_path, key_password)
        trusted = load_certificates(trust_path) if trust_path else None
        security = cls(verify, trusted, identity)
        try:
            security._context()
        except SSL.Error as error:
            raise SecurityError(f"the certificate cannot be used: {error}") from None
        return security

    def server_context(self) -> Any:
        """Refuse: this is for clients."""
        raise SecurityError("this security is for clients: nothing can listen with it")

    def client_context(self, hostname: str) -> Any:
        """Give what a connection to *hostname* is encrypted and verified with."""
        context = self._context()
        if not self._verify:
            return ClientContext(context, hostname)
        trust(context, self._trusted)
        return VerifyingContext(context, hostname)

    def _context(self) -> SSL.Context:
        context = client_base()
        if self._identity is not None:
            show(context, self._identity)
        return context


class VerifyingContext(ClientContext):
    """Opens one TLS connection to one host, whose certificate must be for that host."""

    def clientConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        """Give the OpenSSL side of the connection."""
        hostname = self._hostname
        is_address = isIPAddress(hostname) or isIPv6Address(hostname)
        verify = verify_ip_address if is_address else verify_hostname

        def progress(connection: SSL.Connection, where: int, _result: int) -> None:
            if where & SSL.SSL_CB_HANDSHAKE_DONE:
                try:
                    verify(connection, hostname)
                except (VerificationError, CertificateError):
                    protocol.failVerification(Failure())

        self._context.set_info_callback(progress)
        return super().clientConnectionForTLS(protocol)
