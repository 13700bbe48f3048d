from random import Random
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import (
    IReactorCore,
    IReactorPluggableNameResolver,
    IReactorTCP,
    IReactorTime,
)
from twisted.internet.protocol import Factory, Protocol
from zope.interface.verify import verifyObject

from twistedmq.testing.memory_machine import MemoryMachine
from twistedmq.testing.memory_network import MemoryNetwork
from twistedmq.testing.virtual_clock import VirtualClock


def machines() -> tuple[MemoryMachine, MemoryMachine]:
    network = MemoryNetwork(VirtualClock(), Random(1))
    network.names["server"] = "192.0.2.1"
    return (
        MemoryMachine(network, "192.0.2.1"),
        MemoryMachine(network, "198.51.100.1"),
    )


def connect(server: MemoryMachine, client: MemoryMachine) -> tuple[Any, Any]:
    accepted: list[Any] = []

    class Seen(Protocol):
        lost: Any = None

        def connectionMade(self) -> None:
            accepted.append(self)

        def connectionLost(self, reason: Any) -> None:  # type: ignore[override]
            self.lost = reason.type

    server.listenTCP(9000, Factory.forProtocol(Seen))
    results: list[Any] = []
    endpoint = HostnameEndpoint(client, "server", 9000)
    endpoint.connect(Factory.forProtocol(Seen)).addBoth(results.append)
    client.network.clock.advance(0)
    return accepted[0], results[0]


def test_it_does_what_clients_and_servers_want_of_a_reactor() -> None:
    server, _ = machines()
    for wanted in (
        IReactorTime,
        IReactorTCP,
        IReactorCore,
        IReactorPluggableNameResolver,
    ):
        assert verifyObject(wanted, server)


def test_names_are_looked_up() -> None:
    server, client = machines()
    near, far = connect(server, client)
    assert near.transport.getPeer().host == "198.51.100.1"
    assert far.transport.getPeer().host == "192.0.2.1"


def test_a_halt_ends_calls_and_connections_and_gives_the_ports_back() -> None:
    server, client = machines()
    near, far = connect(server, client)
    seen: list[str] = []
    server.callLater(5, seen.append, "late")
    server.callFromThread(seen.append, "from a thread")
    server.halt()
    server.callLater(1, seen.append, "after the halt")
    client.network.clock.advance(10)
    assert seen == []
    assert (near.lost, far.lost) == (None, ConnectionLost)
    again = MemoryMachine(server.network, server.host)
    assert again.bind("", 9000, 1)


def test_without_power_the_peers_hear_nothing() -> None:
    server, client = machines()
    _, far = connect(server, client)
    server.halt(silently=True)
    client.network.clock.advance(1000)
    assert far.lost is None


def test_a_shutdown_waits_for_what_has_to_end() -> None:
    machine, _ = machines()
    ending: Deferred[None] = Deferred()
    unwanted = machine.addSystemEventTrigger("before", "shutdown", lambda: 1 / 0)
    machine.addSystemEventTrigger("before", "shutdown", lambda: ending)
    machine.removeSystemEventTrigger(unwanted)
    done: list[Any] = []
    machine.shut_down().addCallback(done.append)
    assert not done
    ending.callback(None)
    assert done
