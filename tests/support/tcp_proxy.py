"""A TCP proxy that does to connections what bad networks do.

It listens where a server says it is, and leads to where the server really is.
"""

from collections import deque
from typing import Any, Final

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

OUTSIDE: Final = "127.0.0.2"
"""Where proxies listen: ports of servers are free on that address (Linux)."""


class Proxy:
    """Leads from OUTSIDE:*port* to 127.0.0.1:*port*.

    Attributes:
        slow_s: how late everything arrives, each way; what is under way keeps its time.
        accepted: how many connections came so far.
    """

    def __init__(self, reactor: Any, port: int) -> None:
        self.port = port
        self.slow_s = 0.0
        self.accepted = 0
        self.links: set[Link] = set()
        self._reactor = reactor
        self._deaf = False
        self._listening: Any = None

    @property
    def address(self) -> str:
        """Give HOST:PORT of this side."""
        return f"{OUTSIDE}:{self.port}"

    async def listen(self) -> None:
        """Take connections."""
        endpoint = TCP4ServerEndpoint(self._reactor, self.port, interface=OUTSIDE)
        self._listening = await endpoint.listen(Factory.forProtocol(self._accept))

    async def refuse(self) -> None:
        """Take no more connections, and cut those there are."""
        listening, self._listening = self._listening, None
        if listening is not None:
            await maybeDeferred(listening.stopListening)
        self.cut()

    def half_open(self) -> int:
        """Have the connections there are swallow all from now on; gives how many.

        New ones work: so a router forgets its table.
        """
        for link in self.links:
            link.deaf = True
        return len(self.links)

    def swallow(self) -> None:
        """Have new connections swallow all as well: nothing gets through any more."""
        self._deaf = True
        self.half_open()

    def heal(self) -> None:
        """Have new connections work, at full speed; those that swallow do so on."""
        self._deaf = False
        self.slow_s = 0.0

    def cut(self) -> None:
        """Break all connections; both ends learn of it."""
        for link in list(self.links):
            link.abort()

    async def close(self) -> None:
        """End everything."""
        await self.refuse()

    def _accept(self) -> "Near":
        self.accepted += 1
        link = Link(self, self._reactor, deaf=self._deaf)
        self.links.add(link)
        return link.near


class Link:
    """One connection, of two: one from the client, one to the server."""

    def __init__(self, proxy: Proxy, reactor: Any, *, deaf: bool) -> None:
        self.deaf = deaf
        self.near, self.far = Near(self), End(self)
        self._under_way: dict[End, deque[bytes]] = {
            self.near: deque(),
            self.far: deque(),
        }
        self._proxy = proxy
        self._reactor = reactor
        self._dialling: Deferred[Any] | None = None

    def dial(self) -> None:
        """Open the other half."""
        endpoint = TCP4ClientEndpoint(self._reactor, "127.0.0.1", self._proxy.port)
        self._dialling = endpoint.connect(Factory.forProtocol(lambda: self.far))
        self._dialling.addErrback(lambda _: self.abort())

    def carry(self, end: "End", data: bytes) -> None:
        """Bring what *end* got to the other one."""
        if not self.deaf:
            other = self.far if end is self.near else self.near
            self._under_way[other].append(data)
            self._reactor.callLater(self._proxy.slow_s, self._arrive, other)

    def _arrive(self, end: "End") -> None:
        """Hand over what waits longest: in order, also where two are due at once."""
        data = self._under_way[end].popleft()
        if not self.deaf:
            end.send(data)

    def lost(self, end: "End") -> None:
        """One half is gone; where all is swallowed the other one is not told."""
        other = self.far if end is self.near else self.near
        if not self.deaf:
            self._reactor.callLater(self._proxy.slow_s, other.end)
        if self.near.is_gone and self.far.is_gone:
            self._proxy.links.discard(self)

    def abort(self) -> None:
        """Break both halves."""
        self._proxy.links.discard(self)
        if self._dialling is not None:
            self._dialling.cancel()
        for end in (self.near, self.far):
            end.abort()


class End(Protocol):
    """One half of a connection."""

    transport: Any

    def __init__(self, link: Link) -> None:
        self.is_gone = True
        self._link = link
        self._early: list[bytes] = []

    def connectionMade(self) -> None:
        """Send what came before the connection."""
        self.is_gone = False
        self.transport.setTcpNoDelay(True)
        for data in self._early:
            self.transport.write(data)

    def dataReceived(self, data: bytes) -> None:
        """Pass it on."""
        self._link.carry(self, data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Pass it on."""
        self.is_gone = True
        self._link.lost(self)

    def send(self, data: bytes) -> None:
        """Send, once there is a connection."""
        if self.transport is None:
            self._early.append(data)
        elif not self.is_gone:
            self.transport.write(data)

    def end(self) -> None:
        """Close after what was sent."""
        if not self.is_gone:
            self.transport.loseConnection()

    def abort(self) -> None:
        """Close at once."""
        if not self.is_gone:
            self.transport.abortConnection()


class Near(End):
    """The half on the side of the client."""

    def connectionMade(self) -> None:
        """Open the other half."""
        super().connectionMade()
        self._link.dial()
