"""Over sockets: tests/integration/test_address_server.py."""

from typing import Any

import pytest
from twisted.internet.error import ConnectionLost
from twisted.internet.testing import (
    MemoryReactorClock,
    StringTransportWithDisconnection,
)
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone

from twistedmq.remoting.web_page import (
    MAX_PAGE_BYTES,
    PageError,
    PageReader,
    fetch_page,
)

GOOD = b"HTTP/1.1 200 OK\r\n"


class Exchange:
    """A page is asked for, and the test answers."""

    def __init__(self) -> None:
        self.reactor = MemoryReactorClock()
        self.results: list[Any] = []
        page = fetch_page(self.reactor, "http://192.0.2.1:8080/nsaddr", 3.0)
        page.addBoth(self.results.append)
        _, self.port, factory = self.reactor.tcpClients[0][:3]
        self.transport = StringTransportWithDisconnection()
        self.protocol: Any = factory.buildProtocol(None)
        self.transport.protocol = self.protocol
        self.protocol.makeConnection(self.transport)

    def problem(self, *pieces: bytes) -> str:
        """Answer in *pieces*; gives what is wrong with them."""
        for piece in pieces:
            self.protocol.dataReceived(piece)
        [failure] = self.results
        failure.trap(PageError)
        return str(failure.value)


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


def test_why_there_is_no_answer_is_told_in_words(exchange: Exchange) -> None:
    exchange.protocol.connectionLost(Failure(ConnectionLost()))
    assert exchange.problem() == (
        "no answer: Connection to the other side was lost in a non-clean fashion."
    )


def test_a_page_is_read(exchange: Exchange) -> None:
    assert exchange.port == 8080
    assert exchange.transport.value().startswith(b"GET /nsaddr HTTP/1.1\r\n")
    exchange.protocol.dataReceived(GOOD + b"Content-Length: 5\r\n\r\n")
    exchange.protocol.dataReceived(b"a:1\r\n")
    assert exchange.results == [b"a:1\r\n"]
    assert not exchange.reactor.getDelayedCalls()


def test_another_status_is_an_error(exchange: Exchange) -> None:
    answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    assert exchange.problem(answer) == "answered with status 404"


def test_a_page_that_does_not_come_is_an_error(exchange: Exchange) -> None:
    exchange.reactor.advance(3.0)
    assert exchange.problem() == "no answer within 3 s"


def test_a_huge_page_is_an_error(exchange: Exchange) -> None:
    page = b"x" * (MAX_PAGE_BYTES + 1)
    problem = exchange.problem(GOOD + b"\r\n", page)
    assert problem == "answered with more than 65536 bytes"


def test_half_a_page_is_an_error(exchange: Exchange) -> None:
    exchange.protocol.dataReceived(GOOD + b"Content-Length: 9\r\n\r\nabc")
    exchange.protocol.connectionLost(Failure(ConnectionLost()))
    assert isinstance(exchange.results[0], Failure)


def test_the_pieces_are_handed_over_at_the_end() -> None:
    reader, pages = PageReader(), list[bytes]()
    reader.complete.addCallback(pages.append)
    reader.dataReceived(b"10.0.0.1")
    reader.dataReceived(b":9876")
    assert pages == []
    reader.connectionLost(Failure(ResponseDone()))
    assert pages == [b"10.0.0.1:9876"]
