"""What the rest of the house sees of a connection, and what it hands to this room."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from twistedmq.protocol.command import Command, Reply
from twistedmq.protocol.headers.base import Header


class IConnection(Interface):
    """One open connection to a peer, whichever side opened it."""

    peer: str = Attribute(
        'Address of the other side as text: "10.0.0.1:4711", "[::1]:1".'
    )
    packed_peer: bytes = Attribute("The same packed: 4 or 16 bytes and a 4-byte port.")
    local: str = Attribute("Address of this side, as text.")

    def request(
        code: int, header: Header | None, body: bytes, timeout_s: float
    ) -> Deferred[Command]:
        """Send a request; fires with the response, whatever its code.

        Fails with RequestTimeoutError or ConnectionLostError.
        """

    def send_one_way(code: int, header: Header | None, body: bytes) -> None:
        """Send a request that gets no answer."""

    def write(data: bytes) -> None:
        """Send encoded frames."""

    def cork() -> None:
        """Keep what is written until ``uncork``: many answers leave with one write."""

    def uncork() -> None:
        """Send what was kept since ``cork``, which must have been called before."""

    def on_close(callback: Callable[["IConnection"], None]) -> None:
        """Have *callback* called once when the connection is gone."""

    def close(reason: str) -> None:
        """Drop the connection; *reason* is logged."""


class Request(Struct):
    """What a handler is given: a decoded frame, its typed header, where it came from.

    ``header`` is an instance of the class that ``protocol.headers.REQUEST_HEADERS``
    names for the code, None for codes without one.
    """

    command: Command
    header: Any
    connection: IConnection


Handler = Callable[[Request], "Reply | Deferred[Reply]"]
"""Serves one request; a TwistedMQError, raised or failed, becomes the reply."""

HandlerTable = Mapping[int, Handler]

BatchHandler = Callable[[Sequence[bytes], IConnection], "bytes | Deferred[bytes]"]
"""Serves consecutive frames of one code that came in one read. A frame is without its
four length bytes. Gives the encoded replies of all of them, b"" where none is wanted.
An error, raised or failed, becomes the reply of each of them; a FrameError closes the
connection."""

BatchTable = Mapping[int, BatchHandler]


class ITransportSecurity(Interface):
    """TLS for a listening port (and for clients)."""

    mode: str = Attribute('"disabled", "permissive" or "enforcing".')

    def server_context() -> Any:
        """Give a Twisted ``IOpenSSLServerConnectionCreator``.

        Asked for each connection, so that certificates can change in between.
        Raises: SecurityError.
        """

    def client_context(hostname: str) -> Any:
        """Give a Twisted ``IOpenSSLClientConnectionCreator``.

        Raises: SecurityError.
        """


class ITransportSecurityFactory(Interface):
    """What a plugin offers: makes an ITransportSecurity of the settings."""

    scheme: str = Attribute('The name it is chosen by, such as "tls".')

    def open_security(
        mode: str, certificate_path: str, key_path: str, key_password: str
    ) -> ITransportSecurity:
        """Load what the settings name; empty paths mean a certificate made up.

        Raises: SecurityError, if a file cannot be read or used.
        """

    def open_client_security(
        verify: bool,
        trust_path: str,
        certificate_path: str,
        key_path: str,
        key_password: str,
    ) -> ITransportSecurity:
        """Load what a client is told; empty paths mean what the system trusts, and no
        certificate. See ``twistedmq.client.tls``.

        Raises: SecurityError, if a file cannot be read or used.
        """
