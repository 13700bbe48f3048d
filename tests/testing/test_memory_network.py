from random import Random
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.error import (
    ConnectionAborted,
    ConnectionDone,
    ConnectionLost,
    ConnectionRefusedError,
    TimeoutError,
)
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import Factory, Protocol
from zope.interface.verify import verifyObject

from twistedmq.remoting.errors import PortInUseError
from twistedmq.testing.memory_machine import MemoryMachine
from twistedmq.testing.memory_network import MemoryNetwork
from twistedmq.testing.memory_transport import BUFFER_BYTES
from twistedmq.testing.virtual_clock import VirtualClock

SERVER, CLIENT = "192.0.2.1", "198.51.100.1"
PORT = 9000


class Talker(Protocol):
    transport: Any

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.lost: list[type[BaseException]] = []

    def dataReceived(self, data: bytes) -> None:
        self.received.append(data)

    def connectionLost(self, reason: Any) -> None:  # type: ignore[override]
        self.lost.append(reason.type)


class Pair:
    """A server that listens, and a client that connects."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.network = MemoryNetwork(self.clock, Random(1))
        self.server_machine = MemoryMachine(self.network, SERVER)
        self.client_machine = MemoryMachine(self.network, CLIENT)
        self.accepted: list[Talker] = []

    def listen(self) -> None:
        def build(_address: object) -> Talker:
            self.accepted.append(Talker())
            return self.accepted[-1]

        factory = Factory()
        factory.buildProtocol = build  # type: ignore[method-assign,assignment]
        self.server_machine.listenTCP(PORT, factory)

    def connecting(self, timeout_s: float = 3) -> "Deferred[Any]":
        endpoint = TCP4ClientEndpoint(self.client_machine, SERVER, PORT, timeout_s)
        return endpoint.connect(Factory.forProtocol(Talker))

    def connect(self) -> tuple[Talker, Talker]:
        self.listen()
        results: list[Any] = []
        self.connecting().addBoth(results.append)
        self.clock.advance(0)
        return results[0], self.accepted[-1]

    def failure(self, timeout_s: float = 3) -> Any:
        results: list[Any] = []
        self.connecting(timeout_s).addErrback(lambda f: results.append(f.value))
        self.clock.advance(timeout_s)
        return results[0]


@pytest.fixture
def pair() -> Pair:
    return Pair()


def test_what_is_written_arrives_in_one_piece(pair: Pair) -> None:
    near, far = pair.connect()
    assert verifyObject(ITCPTransport, near.transport)
    near.transport.write(b"one")
    near.transport.writeSequence([b"two", b"three"])
    assert far.received == []
    pair.clock.advance(0)
    assert far.received == [b"onetwothree"]
    far.transport.write(b"back")
    pair.clock.advance(0)
    assert near.received == [b"back"]
    assert near.transport.getPeer().port == PORT
    assert far.transport.getPeer().host == CLIENT


def test_closing_sends_the_rest_first(pair: Pair) -> None:
    near, far = pair.connect()
    near.transport.write(b"last words")
    near.transport.loseConnection()
    near.transport.write(b"too late")
    pair.clock.advance(0)
    assert far.received == [b"last words"]
    assert (near.lost, far.lost) == ([ConnectionDone], [ConnectionDone])


def test_closing_waits_for_what_is_on_its_way(pair: Pair) -> None:
    near, far = pair.connect()
    pair.network.carrier = lambda _end, data: [(2.0, data)]
    near.transport.write(b"slow")
    near.transport.loseConnection()
    pair.clock.advance(1)
    assert far.lost == []
    pair.clock.advance(1)
    assert far.received == [b"slow"]
    assert far.lost == [ConnectionDone]


def test_aborting_does_not(pair: Pair) -> None:
    near, far = pair.connect()
    near.transport.abortConnection()
    pair.clock.advance(0)
    assert (near.lost, far.lost) == ([ConnectionAborted], [ConnectionLost])


def test_a_reader_that_pauses_has_the_writer_pause(pair: Pair) -> None:
    near, far = pair.connect()
    said: list[str] = []

    class Producer:
        def pauseProducing(self) -> None:
            said.append("pause")

        def resumeProducing(self) -> None:
            said.append("resume")

        def stopProducing(self) -> None:
            said.append("stop")

    near.transport.registerProducer(Producer(), True)
    far.transport.pauseProducing()
    near.transport.write(bytes(BUFFER_BYTES + 1))
    near.transport.write(b"more")
    pair.clock.advance(0)
    assert (said, far.received) == (["pause"], [])
    far.transport.resumeProducing()
    pair.clock.advance(0)
    assert said == ["pause", "resume"]
    assert len(b"".join(far.received)) == BUFFER_BYTES + 5
    near.transport.loseConnection()
    pair.clock.advance(0)
    assert said == ["pause", "resume", "stop"]


def test_where_nobody_listens_connecting_is_refused(pair: Pair) -> None:
    assert isinstance(pair.failure(), ConnectionRefusedError)


def test_it_can_be_refused_or_take_too_long(pair: Pair) -> None:
    pair.listen()
    pair.network.dialled = lambda source, host, port: ConnectionRefusedError()
    assert isinstance(pair.failure(), ConnectionRefusedError)
    pair.network.dialled = lambda source, host, port: 60.0
    assert isinstance(pair.failure(), TimeoutError)
    pair.network.dialled = lambda source, host, port: 1.0
    results: list[Any] = []
    pair.connecting().addBoth(results.append)
    pair.clock.advance(0.9)
    assert not results
    pair.clock.advance(0.1)
    assert isinstance(results[0], Talker)


def test_a_server_may_refuse_to_serve(pair: Pair) -> None:
    factory = Factory()
    factory.buildProtocol = lambda addr: None  # type: ignore[method-assign]
    pair.server_machine.listenTCP(PORT, factory)
    results: list[Any] = []
    pair.connecting().addBoth(results.append)
    pair.clock.advance(0)
    assert results[0].lost == [ConnectionLost]


def test_a_silent_connection_tells_nobody_anything(pair: Pair) -> None:
    near, far = pair.connect()
    [end] = pair.network.connections()
    end.go_silent()
    near.transport.write(b"hello?")
    near.transport.loseConnection()
    pair.clock.advance(1000)
    assert near.lost == [ConnectionDone]
    assert (far.received, far.lost) == ([], [])


def test_a_port_is_taken_once(pair: Pair) -> None:
    [one] = pair.server_machine.bind(SERVER, PORT, 1)
    with pytest.raises(PortInUseError):
        pair.server_machine.bind(SERVER, PORT, 1)
    one.close()
    [other] = pair.server_machine.bind(SERVER, PORT, 1)
    assert other.getsockname() == (SERVER, PORT)
    port = pair.server_machine.adoptStreamPort(
        other.fileno(), other.family, Factory.forProtocol(Talker)
    )
    other.close()  # as the server does: the port itself stays
    results: list[Any] = []
    pair.connecting().addBoth(results.append)
    pair.clock.advance(0)
    assert isinstance(results[0], Talker)
    port.stopListening()
    assert isinstance(pair.failure(), ConnectionRefusedError)
