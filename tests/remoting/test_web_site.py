from typing import Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web.resource import Resource

from twistedmq.remoting.web_site import WebPages, WebPort, make_site


class Hello(Resource):
    isLeaf = True

    def render(self, request: Any) -> bytes:
        return b"hello"


def ask(path: str) -> bytes:
    pages = WebPages()
    pages.put(b"/page", Hello())
    clock: Any = Clock()
    site = make_site(pages, clock)
    site.startFactory()
    protocol = site.buildProtocol(IPv4Address("TCP", "10.0.0.7", 4711))
    transport = StringTransport(IPv4Address("TCP", "10.0.0.1", 8080))
    protocol.makeConnection(transport)
    text = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    protocol.dataReceived(text.encode())
    site.stopFactory()
    answer = transport.value()
    protocol.connectionLost(None)
    return answer


@pytest.mark.parametrize("path", ["/page", "/page-unit", "/page?a=b"])
def test_a_page_is_found_by_its_path(path: str) -> None:
    assert ask(path).endswith(b"\r\n\r\nhello")


@pytest.mark.parametrize("path", ["/", "/pages", "/page/other", "/-page"])
def test_other_paths_are_not_there(path: str) -> None:
    assert ask(path).startswith(b"HTTP/1.1 404 ")


def test_a_port_that_is_bound_can_be_given_back() -> None:
    port = WebPort(None, "127.0.0.1", 0)
    number = port.bind()
    assert number == port.port == port.bind()
    port.unbind()
    again = WebPort(None, "127.0.0.1", number)
    assert again.bind() == number
    again.unbind()
