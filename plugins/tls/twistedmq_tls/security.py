"""ITransportSecurity on pyOpenSSL."""

from typing import TYPE_CHECKING, Any, Self

from twisted.logger import Logger
from zope.interface import implementer

from twistedmq.remoting.errors import SecurityError
from twistedmq.remoting.interfaces import ITransportSecurity

if TYPE_CHECKING:
    from twistedmq_tls.certificates import Identity


@implementer(ITransportSecurity)
class TlsSecurity:
    """TLS with one certificate for all connections; peers are not asked for theirs.

    The libraries are imported, and a missing certificate made, when the first TLS
    connection comes: most servers that permit TLS never see one.
    """

    _log = Logger()

    def __init__(self, mode: str, identity: "Identity | None" = None) -> None:
        """Serve with *identity*, or with one made up."""
        self.mode = mode
        self._identity = identity
        self._server: Any = None
        self._client: Any = None

    @classmethod
    def open(
        cls, mode: str, certificate_path: str, key_path: str, key_password: str
    ) -> Self:
        """Load what the paths name, and see that it can be used.

        Raises: SecurityError.
        """
        if not certificate_path and not key_path:
            return cls(mode)
        from twistedmq_tls.certificates import load_identity  # noqa: PLC0415

        security = cls(mode, load_identity(certificate_path, key_path, key_password))
        security.server_context()
        return security

    def server_context(self) -> Any:
        """Give what accepted connections are encrypted with."""
        if self._server is None:
            from twistedmq_tls.contexts import ServerContext  # noqa: PLC0415

            if self._identity is None:
                self._identity = self._made_up()
            try:
                self._server = ServerContext(self._identity)
            except Exception as error:
                raise SecurityError(
                    f"the certificate cannot be used: {error}"
                ) from None
        return self._server

    def client_context(self, hostname: str) -> Any:
        """Give what a connection to *hostname* is encrypted with.

        Whom it leads to is not verified, as upstream's clients do not by default.
        """
        from twistedmq_tls.contexts import ClientContext, client_base  # noqa: PLC0415

        if self._client is None:
            self._client = client_base()
        return ClientContext(self._client, hostname)

    def _made_up(self) -> "Identity":
        from twistedmq_tls.certificates import make_identity  # noqa: PLC0415

        identity = make_identity()
        self._log.info(
            "TLS with a self-signed certificate made for this run, "
            "SHA-256 {fingerprint}; name another one by the settings",
            fingerprint=identity.fingerprint,
        )
        return identity
