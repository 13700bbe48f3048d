import pytest
from client_kit import held
from twisted.internet.error import ConnectionLost
from twisted.internet.testing import (
    MemoryReactorClock,
    StringTransportWithDisconnection,
)
from twisted.python.failure import Failure

from twistedmq.client.errors import NoNameServerError
from twistedmq.client.web import fetch_page


def fetched(*pieces: bytes) -> list[object]:
    """Ask for a page that comes in *pieces*."""
    reactor = MemoryReactorClock()
    page = held(fetch_page(reactor, "http://192.0.2.1:8080/rocketmq/nsaddr", 3.0))
    _, port, factory = reactor.tcpClients[0][:3]
    assert port == 8080
    transport = StringTransportWithDisconnection()
    protocol = factory.buildProtocol(None)
    transport.protocol = protocol
    protocol.makeConnection(transport)
    assert transport.value().startswith(b"GET /rocketmq/nsaddr HTTP/1.1\r\n")
    for piece in pieces:
        protocol.dataReceived(piece)
    if not pieces:
        reactor.advance(3.0)
    return page


def test_a_page_is_read() -> None:
    page = fetched(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"a:1\r\n")
    assert page == [b"a:1\r\n"]


def test_another_status_is_an_error() -> None:
    page = fetched(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(NoNameServerError, match="404"):
        page[0].raiseException()  # type: ignore[attr-defined]


def test_a_page_that_does_not_come_is_an_error() -> None:
    page = fetched()
    with pytest.raises(NoNameServerError, match="no answer within 3 s"):
        page[0].raiseException()  # type: ignore[attr-defined]


def test_a_huge_page_is_an_error() -> None:
    page = fetched(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 70_000)
    with pytest.raises(NoNameServerError, match="more than"):
        page[0].raiseException()  # type: ignore[attr-defined]


def test_a_page_that_breaks_off_is_an_error() -> None:
    reactor = MemoryReactorClock()
    page = held(fetch_page(reactor, "http://192.0.2.1:8080/x", 3.0))
    protocol = reactor.tcpClients[0][2].buildProtocol(None)
    protocol.makeConnection(StringTransportWithDisconnection())
    protocol.dataReceived(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
    protocol.connectionLost(Failure(ConnectionLost()))
    assert isinstance(page[0], Failure)
