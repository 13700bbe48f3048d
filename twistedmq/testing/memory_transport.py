"""The two ends of a connection that is only in memory."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IConsumer,
    IProtocol,
    IPushProducer,
    IReactorTime,
    ITCPTransport,
)
from twisted.python.failure import Failure
from zope.interface import implementer

BUFFER_BYTES = 64 * 1024
"""What a reader may leave lying before the writer is asked to pause."""


Carrier = Callable[["MemoryTransport", bytes], list[tuple[float, bytes]]]
"""Carries what was written at an end: gives (delay in seconds, bytes), what is missing
there is lost."""


class Network(Protocol):
    """What an end needs of the network that it is in."""

    @property
    def clock(self) -> IReactorTime:
        """When things arrive."""

    @property
    def carrier(self) -> Carrier:
        """Carries what is written."""


def joined(
    network: Network, near: IPv4Address, far: IPv4Address
) -> "tuple[MemoryTransport, MemoryTransport]":
    """Give both ends of a new connection."""
    one = MemoryTransport(network, near, far)
    other = MemoryTransport(network, far, near)
    one.other, other.other = other, one
    return one, other


@implementer(ITCPTransport, IConsumer, IPushProducer)
class MemoryTransport:
    """One end: what is written arrives at the other, a turn of the clock later.

    Attributes:
        connected: until the protocol was told that the connection is lost.
        disconnecting: whether it is being closed.
        other: the other end.
    """

    bufferSize = BUFFER_BYTES
    other: "MemoryTransport"

    def __init__(self, network: Network, own: IPv4Address, peer: IPv4Address) -> None:
        self._network = network
        self._own, self._peer = own, peer
        self.connected = True
        self.disconnecting = False
        self._silent = False
        self._protocol: IProtocol | None = None
        self._inbox: list[bytes] = []
        self._unread = 0
        """Bytes in there."""
        self._delivery: Any = None
        self._in_flight = 0
        """Pieces that are on their way to here."""
        self._paused = False
        self._at_end: Failure | None = None
        """Why the connection ends once everything is read."""
        self._producer: IPushProducer | None = None
        self._producer_paused = False

    @property
    def host(self) -> str:
        """The address of the machine that has this end."""
        return self._own.host

    @property
    def port(self) -> int:
        """The port of this end."""
        return self._own.port

    def attach(self, protocol: IProtocol) -> None:
        """Give it its protocol."""
        self._protocol = protocol
        protocol.makeConnection(self)
        self._deliver_soon()

    def go_silent(self) -> None:
        """Let nothing through any more, in either direction, and tell nobody."""
        for end in (self, self.other):
            end._silent = True
            end._forget()

    def lose(self, reason: Exception) -> None:
        """End here and now: the peer is gone, or this side gave up."""
        if not self.connected:
            return
        self.connected = False
        self.disconnecting = True
        self._forget()
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.stopProducing()
        if self._protocol is not None:
            self._protocol.connectionLost(Failure(reason))

    # ITransport

    def write(self, data: bytes) -> None:
        """Send."""
        if not self.connected or self.disconnecting or self._silent or not data:
            return
        for delay_s, piece in self._network.carrier(self, data):
            self.other._expect(delay_s, piece)
        self._watch_queue()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Send, one behind the other."""
        self.write(b"".join(data))

    def loseConnection(self, _reason: object = None) -> None:
        """Close, once what was written has arrived."""
        if self.connected and not self.disconnecting:
            self.disconnecting = True
            self._soon(self.lose, ConnectionDone())
            if not self._silent:
                self._soon(self.other._end, ConnectionDone())

    def abortConnection(self) -> None:
        """Close at once."""
        if self.connected:
            self.disconnecting = True
            self._soon(self.lose, ConnectionAborted())
            if not self._silent:
                self._soon(self.other.lose, ConnectionLost())

    def loseWriteConnection(self) -> None:
        """Half-close is not used by this protocol: close."""
        self.loseConnection()

    def getPeer(self) -> IPv4Address:
        """Give the address of the other end."""
        return self._peer

    def getHost(self) -> IPv4Address:
        """Give the address of this end."""
        return self._own

    def getTcpNoDelay(self) -> bool:
        """It never delays."""
        return True

    def setTcpNoDelay(self, enabled: bool) -> None:
        """It never delays."""

    def getTcpKeepAlive(self) -> bool:
        """Nothing is probed."""
        return False

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """Nothing is probed."""

    # being read, and asking the writer to pause

    def pauseProducing(self) -> None:
        """Give the protocol nothing for now."""
        self._paused = True

    def resumeProducing(self) -> None:
        """Give the protocol what came."""
        self._paused = False
        self._deliver_soon()

    def stopProducing(self) -> None:
        """Close."""
        self.loseConnection()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Have *producer* pause while the other end does not read."""
        assert streaming
        self._producer = producer

    def unregisterProducer(self) -> None:
        """Ask nobody to pause any more."""
        self._producer = None

    def _watch_queue(self) -> None:
        unread = self.other._unread
        if self._producer is None or self._producer_paused == (unread > 0):
            return
        if self._producer_paused:
            self._producer_paused = False
            self._producer.resumeProducing()
        elif unread > self.bufferSize:
            self._producer_paused = True
            self._producer.pauseProducing()

    # what arrives

    def _soon(self, call: Callable[..., None], *args: object) -> None:
        self._network.clock.callLater(0, call, *args)

    def _expect(self, delay_s: float, data: bytes) -> None:
        if not delay_s:
            self._keep(data)
            self._deliver_soon()
            return
        self._in_flight += 1
        self._network.clock.callLater(delay_s, self._arrived, data)

    def _arrived(self, data: bytes) -> None:
        self._in_flight -= 1
        if self.connected and not self._silent:
            self._keep(data)
            self._deliver()

    def _keep(self, data: bytes) -> None:
        self._inbox.append(data)
        self._unread += len(data)

    def _forget(self) -> None:
        self._inbox.clear()
        self._unread = 0

    def _deliver_soon(self) -> None:
        if self._delivery is None and (self._inbox or self._at_end):
            self._delivery = self._network.clock.callLater(0, self._deliver)

    def _deliver(self) -> None:
        self._delivery = None
        if not self.connected or self._paused or self._protocol is None:
            return
        if self._inbox:
            data = b"".join(self._inbox)
            self._forget()
            self._protocol.dataReceived(data)
            self.other._watch_queue()
        if self._at_end and not self._in_flight and not self._inbox:
            self.lose(self._at_end.value)  # type: ignore[arg-type]

    def _end(self, reason: Exception) -> None:
        self._at_end = Failure(reason)
        self._deliver()
