"""Tells by the first bytes of a connection what is spoken on it.

A PROXY header, which may be left out; then TLS (byte 0x16) or plain frames. None of
them can be mistaken for a frame, whose first bytes are a length within the limit.
"""

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import IProtocol, IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.protocol.addresses import format_address
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.remoting import proxy_header
from twistedmq.remoting.addresses import host_port
from twistedmq.remoting.interfaces import ITransportSecurity
from twistedmq.remoting.security import DISABLED, ENFORCING, serve_tls
from twistedmq.remoting.timer_wheel import Timer, TimerWheel

_TLS_HANDSHAKE: Final = 0x16


class Sniffer(Protocol):
    """Reads the first bytes, then puts the right protocol in its place."""

    _log = Logger()
    transport: Any

    def __init__(
        self,
        make_protocol: Callable[[tuple[str, int] | None], IProtocol],
        security: ITransportSecurity | None,
        clock: IReactorTime,
        *,
        accept_proxy_header: bool = True,
        on_lost: Callable[["Sniffer"], None] = lambda _: None,
    ) -> None:
        """Hand over to what *make_protocol* makes, given the peer a proxy named."""
        self._make_protocol = make_protocol
        self._security = security
        self._clock = clock
        self._proxy_allowed = accept_proxy_header
        self._on_lost = on_lost
        self._peer: tuple[str, int] | None = None
        self._seen = b""
        self._inner: IProtocol | None = None
        self._closed = False
        self._expiry: Timer | None = None

    def dataReceived(self, data: bytes) -> None:
        """Look at the first bytes; afterwards just pass on."""
        if self._inner is not None:
            self._inner.dataReceived(data)
        elif not self._closed:
            self._seen += data
            try:
                self._look()
            except TwistedMQError as error:
                self.close(str(error))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Pass on."""
        self._closed = True
        if self._expiry is not None:
            self._expiry.cancel()
        if self._inner is not None:
            self._inner.connectionLost(reason)
        self._on_lost(self)

    def expire_in(self, limit_s: float, wheel: TimerWheel) -> None:
        """Close the connection if it does not say in time what it speaks."""
        self._expiry = wheel.schedule(
            limit_s, self.close, f"said nothing for {limit_s:g} s"
        )

    def close(self, reason: str) -> None:
        """Close a connection of which it is not known yet what is spoken on it."""
        if self._closed or self._inner is not None:
            return
        self._closed = True
        peer = format_address(*(self._peer or host_port(self.transport.getPeer())))
        self._log.info(
            "connection with {peer} closed: {reason}", peer=peer, reason=reason
        )
        self.transport.abortConnection()

    def _look(self) -> None:
        if self._proxy_allowed and proxy_header.may_begin_with(self._seen):
            header = proxy_header.parse(self._seen)
            if header is None:
                return
            self._proxy_allowed = False  # there is only one
            self._peer = header.peer
            self._seen = self._seen[header.size :]
        if self._seen:
            self._decide(is_tls=self._seen[0] == _TLS_HANDSHAKE)

    def _decide(self, *, is_tls: bool) -> None:
        mode = DISABLED if self._security is None else self._security.mode
        if is_tls and mode == DISABLED:
            self.close("it speaks TLS, which is disabled on this port")
        elif not is_tls and mode == ENFORCING:
            self.close("it does not speak TLS, which is enforced on this port")
        else:
            protocol = self._make_protocol(self._peer)
            if is_tls and self._security is not None:
                protocol = serve_tls(self._security, protocol, self._clock)
            seen, self._seen = self._seen, b""
            self._inner = protocol
            protocol.makeConnection(self.transport)
            # From now on the transport calls it without a detour through here.
            self.dataReceived = protocol.dataReceived  # type: ignore[method-assign]
            protocol.dataReceived(seen)
