"""A network in memory: machines with addresses, ports, and connections between them."""

from collections.abc import Callable
from itertools import count
from random import Random

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionRefusedError, TimeoutError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from zope.interface import implementer

from twistedmq.remoting.errors import PortInUseError
from twistedmq.testing.memory_transport import Carrier, MemoryTransport, joined
from twistedmq.testing.virtual_clock import VirtualClock

FIRST_CLIENT_PORT = 40_000

Dialled = Callable[[str, str, int], BaseException | float | None]
"""Says what becomes of connecting (from host, to host, port): an error at once, so many
seconds of delay, or, None, nothing unusual."""


@implementer(IListeningPort)
class MemoryPort:
    """A port somebody listens on."""

    def __init__(
        self, network: "MemoryNetwork", host: str, number: int, factory: object
    ) -> None:
        self._network = network
        self.host = host
        self.number = number
        self.factory = factory

    def startListening(self) -> None:
        """It does already."""

    def stopListening(self) -> None:
        """Accept no more."""
        self._network.close_port(self.host, self.number)

    def getHost(self) -> IPv4Address:
        """Give its address."""
        return IPv4Address("TCP", self.host, self.number)


class MemoryNetwork:
    """Who listens where, and what is connected.

    Attributes:
        clock: when things arrive.
        random: chance, for the faults.
        names: host names to addresses.
        dialled: decides about each attempt to connect.
        carrier: carries what is written; see ``Carrier``.
    """

    def __init__(self, clock: VirtualClock, random: Random) -> None:
        self.clock = clock
        self.random = random
        self.names: dict[str, str] = {}
        self.dialled: Dialled = lambda source, host, port: None
        self.carrier: Carrier = _carry
        self._ports: dict[tuple[str, int], MemoryPort] = {}
        self._bound: set[tuple[str, int]] = set()
        self._ends: list[MemoryTransport] = []
        self._client_ports = count(FIRST_CLIENT_PORT)

    def bind(self, host: str, port: int) -> int:
        """Take a port; 0 is any. Raises: PortInUseError."""
        number = port or next(self._client_ports)
        if (host, number) in self._bound:
            raise PortInUseError(host, number, "in use")
        self._bound.add((host, number))
        return number

    def listen(self, host: str, port: int, factory: object) -> MemoryPort:
        """Have *factory* accept connections to a port that was bound."""
        found = self._ports[host, port] = MemoryPort(self, host, port, factory)
        return found

    def close_port(self, host: str, port: int) -> None:
        """Give a port back."""
        self._ports.pop((host, port), None)
        self._bound.discard((host, port))

    def connect(
        self, source: str, host: str, port: int, factory: IProtocolFactory
    ) -> MemoryTransport:
        """Connect now; gives the caller's end, which has no protocol yet.

        Raises: ConnectionRefusedError, or what ``dialled`` decides on.
        """
        listening = self._ports.get((self.names.get(host, host), port))
        if listening is None:
            raise ConnectionRefusedError(string=f"nobody listens on {host}:{port}")
        own = IPv4Address("TCP", source, next(self._client_ports))
        accepting: IProtocolFactory = listening.factory  # type: ignore[assignment]
        protocol = accepting.buildProtocol(own)
        near, far = joined(self, own, listening.getHost())
        self._ends = [end for end in self._ends if end.connected]
        self._ends += [near, far]
        if protocol is None:
            far.abortConnection()
        else:
            far.attach(protocol)
        return near

    def ends(self, host: str) -> list[MemoryTransport]:
        """Give the ends that *host* has of its open connections."""
        return [end for end in self._ends if end.connected and end.host == host]

    def connections(self) -> list[MemoryTransport]:
        """Give one end of each open connection."""
        open_ends = [end for end in self._ends if end.connected]
        found: dict[frozenset[int], MemoryTransport] = {}
        for end in open_ends:
            found.setdefault(frozenset({id(end), id(end.other)}), end)
        return list(found.values())


def timed_out(host: str, port: int) -> TimeoutError:
    """Give the error of connecting to where nothing answers."""
    return TimeoutError(string=f"{host}:{port} does not answer")


def _carry(_sender: MemoryTransport, data: bytes) -> list[tuple[float, bytes]]:
    return [(0.0, data)]
