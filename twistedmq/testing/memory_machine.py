"""A machine in a network in memory, as the reactor of what runs on it."""

import socket
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any
from weakref import WeakSet

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import (
    IAddress,
    IConnector,
    IDelayedCall,
    IHostnameResolver,
    IHostResolution,
    IListeningPort,
    IReactorCore,
    IReactorFromThreads,
    IReactorPluggableNameResolver,
    IReactorTCP,
    IReactorTime,
    IResolutionReceiver,
)
from twisted.internet.protocol import ClientFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from twistedmq.testing.memory_network import MemoryNetwork, MemoryPort, timed_out
from twistedmq.testing.memory_transport import MemoryTransport

Trigger = tuple[str, str, Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class MemorySocket:
    """A bound port, before a reactor adopts it."""

    family = socket.AF_INET

    def __init__(self, machine: "MemoryMachine", number: int, port: int) -> None:
        self._machine = machine
        self._number = number
        self.port = port

    def fileno(self) -> int:
        """Give the number by which it is adopted."""
        return self._number

    def getsockname(self) -> tuple[str, int]:
        """Give its address."""
        return self._machine.host, self.port

    def close(self) -> None:
        """Give the port back, unless it was adopted."""
        self._machine.dispose(self._number)


@implementer(
    IReactorTime,
    IReactorTCP,
    IReactorCore,
    IReactorFromThreads,
    IReactorPluggableNameResolver,
)
class MemoryMachine:
    """Has one address, and runs on the network's clock.

    Attributes:
        host: its address.
        nameResolver: knows the names of the network.
        is_halted: whether it was halted; whatever runs on it does nothing any more.
    """

    def __init__(self, network: MemoryNetwork, host: str) -> None:
        self.network = network
        self.host = host
        self.nameResolver: IHostnameResolver = _Resolver(network)
        self.is_halted = False
        self.running = True
        self._calls: WeakSet[Any] = WeakSet()
        self._sockets: dict[int, MemorySocket] = {}
        self._ports: list[MemoryPort] = []
        self._numbers = count(1000)
        self._triggers: list[Trigger] = []

    def halt(self, *, silently: bool = False) -> None:
        """Stop everything on it at once, as a kill does; peers see lost connections.

        *silently*: as a loss of power does; peers hear nothing.
        """
        self.is_halted = True
        for call in list(self._calls):
            if call.active():
                call.cancel()
        for port in self._ports:
            port.stopListening()
        for number in list(self._sockets):
            self.dispose(number)
        for end in self.network.ends(self.host):
            if silently:
                end.go_silent()
            else:
                self.network.clock.callLater(0, end.other.lose, ConnectionLost())
            end.connected = False

    # IReactorTime

    def seconds(self) -> float:
        """Give the time, of the network's clock."""
        return self.network.clock.seconds()

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> IDelayedCall:
        """Call after *delay* seconds, if the machine runs then."""
        call = self.network.clock.callLater(delay, callable, *args, **kw)
        if self.is_halted:
            call.cancel()
        else:
            self._calls.add(call)
        return call

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """Give what is to be called here."""
        return [call for call in self._calls if call.active()]

    # IReactorFromThreads

    def callFromThread(
        self, callable: Callable[..., Any], *args: object, **kwargs: object
    ) -> None:
        """Call in the next turn."""
        self.callLater(0, callable, *args, **kwargs)

    # IReactorTCP, and the ports

    def connectTCP(
        self,
        host: str,
        port: int,
        factory: Any,
        timeout: float = 30.0,
        bindAddress: tuple[str, int] | None = None,
    ) -> IConnector:
        """Connect."""
        connector = _Connector(self, host, port, factory, timeout)
        connector.connect()
        return connector

    def listenTCP(
        self, port: int, factory: object, backlog: int = 50, interface: str = ""
    ) -> IListeningPort:
        """Listen."""
        number = self.network.bind(self.host, port)
        return self._accept(number, factory)

    def bind(self, host: str, port: int, _backlog: int) -> list[MemorySocket]:
        """Take a port; what it gives is for ``adoptStreamPort``."""
        bound = self.network.bind(self.host, port)
        one = MemorySocket(self, next(self._numbers), bound)
        self._sockets[one.fileno()] = one
        return [one]

    def adoptStreamPort(
        self,
        fileDescriptor: int,
        addressFamily: int,
        factory: object,
    ) -> IListeningPort:
        """Listen on a port that was taken by ``bind``."""
        return self._accept(self._sockets.pop(fileDescriptor).port, factory)

    def dispose(self, number: int) -> None:
        """Give back the port of a socket that was not adopted."""
        one = self._sockets.pop(number, None)
        if one is not None:
            self.network.close_port(self.host, one.port)

    def _accept(self, number: int, factory: object) -> MemoryPort:
        port = self.network.listen(self.host, number, factory)
        self._ports.append(port)
        return port

    # IReactorCore, as far as it makes sense here

    def callWhenRunning(
        self, callable: Callable[..., Any], *args: object, **kwargs: object
    ) -> None:
        """Call now: it runs."""
        callable(*args, **kwargs)

    def addSystemEventTrigger(
        self,
        phase: str,
        eventType: str,
        callable: Callable[..., Any],
        *args: Any,
        **kwargs: Any,
    ) -> Trigger:
        """Have something called by ``shut_down``."""
        trigger = (phase, eventType, callable, args, kwargs)
        self._triggers.append(trigger)
        return trigger

    def removeSystemEventTrigger(self, triggerID: Trigger) -> None:
        """Do not call it."""
        self._triggers.remove(triggerID)

    def shut_down(self) -> Deferred[Any]:
        """Have what runs here end in order, as on Ctrl-C; fires when it has."""
        fired, self._triggers = self._triggers, []
        ending = [
            maybeDeferred(call, *args, **kwargs)
            for phase, event, call, args, kwargs in fired
            if (phase, event) == ("before", "shutdown")
        ]
        return DeferredList(ending)

    def run(self) -> None:
        """It runs already, whenever the clock does."""

    def stop(self) -> None:
        """End in order."""
        self.shut_down()

    def crash(self) -> None:
        """End at once."""
        self.halt()

    def iterate(self, delay: float = 0) -> None:
        """The clock does that."""

    def fireSystemEvent(self, eventType: str) -> None:
        """Only a shutdown means anything here."""
        if eventType == "shutdown":
            self.shut_down()

    def installNameResolver(self, resolver: IHostnameResolver) -> IHostnameResolver:
        """Look names up by *resolver*; gives the one before."""
        before, self.nameResolver = self.nameResolver, resolver
        return before

    def resolve(self, name: str, timeout: Sequence[int] = ()) -> Deferred[str]:
        """Give the address of a host."""
        return maybeDeferred(lambda: self.network.names.get(name, name))


@implementer(IConnector)
class _Connector:
    """One attempt to connect, and the connection."""

    def __init__(
        self,
        machine: MemoryMachine,
        host: str,
        port: int,
        factory: ClientFactory,
        timeout_s: float,
    ) -> None:
        self._machine = machine
        self._host, self._port = host, port
        self._factory = factory
        self._timeout_s = timeout_s
        self._attempt: IDelayedCall | None = None
        self._transport: MemoryTransport | None = None

    def connect(self) -> None:
        """Begin."""
        machine, factory = self._machine, self._factory
        factory.doStart()
        factory.startedConnecting(self)
        verdict = machine.network.dialled(machine.host, self._host, self._port)
        if verdict is None:
            self._attempt = machine.callLater(0, self._join)
        elif isinstance(verdict, BaseException):
            self._attempt = machine.callLater(0, self._failed, verdict)
        elif verdict < self._timeout_s:
            self._attempt = machine.callLater(verdict, self._join)
        else:
            error = timed_out(self._host, self._port)
            self._attempt = machine.callLater(self._timeout_s, self._failed, error)

    def stopConnecting(self) -> None:
        """Give up."""
        if self._attempt is not None and self._attempt.active():
            self._attempt.cancel()

    def disconnect(self) -> None:
        """Give up, or close."""
        self.stopConnecting()
        if self._transport is not None:
            self._transport.loseConnection()

    def getDestination(self) -> IAddress:
        """Give where to."""
        return IPv4Address("TCP", self._host, self._port)

    def _join(self) -> None:
        machine, factory = self._machine, self._factory
        try:
            transport = machine.network.connect(
                machine.host, self._host, self._port, factory
            )
        except Exception as error:
            self._failed(error)
            return
        self._transport = transport
        protocol = factory.buildProtocol(transport.getPeer())
        if protocol is None:
            transport.abortConnection()
        else:
            transport.attach(protocol)

    def _failed(self, error: BaseException) -> None:
        self._factory.clientConnectionFailed(self, Failure(error))
        self._factory.doStop()


@implementer(IHostnameResolver)
class _Resolver:
    """Knows the names of the network; an address stands for itself."""

    def __init__(self, network: MemoryNetwork) -> None:
        self._network = network

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        """Tell the address at once."""
        resolution = _Resolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        address = self._network.names.get(hostName, hostName)
        if address.replace(".", "").isdigit():
            resolutionReceiver.addressResolved(IPv4Address("TCP", address, portNumber))
        resolutionReceiver.resolutionComplete()
        return resolution


@implementer(IHostResolution)
class _Resolution:
    """A question about a name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def cancel(self) -> None:
        """It was answered at once."""
