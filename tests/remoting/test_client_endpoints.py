import pytest
from client_kit import held
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import CancelledError
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from twistedmq.remoting.client_endpoints import NumericEndpoint, make_endpoint

FACTORY = Factory.forProtocol(Protocol)


@pytest.fixture
def reactor() -> MemoryReactorClock:
    return MemoryReactorClock()


@pytest.mark.parametrize(
    ("host", "peer"),
    [
        ("10.0.0.1", IPv4Address("TCP", "10.0.0.1", 7)),
        ("::1", IPv6Address("TCP", "::1", 7)),
    ],
)
def test_a_numeric_address_is_dialled_as_it_is(
    reactor: MemoryReactorClock, host: str, peer: IPv4Address | IPv6Address
) -> None:
    endpoint = make_endpoint(reactor, host, 7, 3.0)
    assert verifyObject(IStreamClientEndpoint, endpoint)
    assert isinstance(endpoint, NumericEndpoint)
    assert endpoint.peer == peer
    connected = held(endpoint.connect(FACTORY))
    [(*to, dialling, timeout_s, bound)] = reactor.tcpClients
    assert (to, timeout_s, bound) == ([host, 7], 3.0, None)
    protocol = dialling.buildProtocol(peer)
    protocol.makeConnection(StringTransport())
    reactor.advance(0)
    assert connected == [protocol]


def test_what_cannot_be_reached_fails(reactor: MemoryReactorClock) -> None:
    connected = held(make_endpoint(reactor, "10.0.0.1", 7, 3.0).connect(FACTORY))
    [(*_, dialling, _, _)] = reactor.tcpClients
    dialling.clientConnectionFailed(reactor.connectors[0], Failure(Refused()))
    reactor.advance(0)
    assert connected[0].check(Refused)


def test_a_dial_can_be_called_off(reactor: MemoryReactorClock) -> None:
    dialled = make_endpoint(reactor, "10.0.0.1", 7, 3.0).connect(FACTORY)
    connected = held(dialled)
    dialled.cancel()
    assert connected[0].check(CancelledError)
    assert reactor.getDelayedCalls() == []


def test_a_name_is_resolved(reactor: MemoryReactorClock) -> None:
    assert isinstance(make_endpoint(reactor, "broker-a", 1, 3), HostnameEndpoint)
