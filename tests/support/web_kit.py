"""One request to a web site, without a port."""

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web.resource import Resource

from twistedmq.remoting.web_site import WebPages, make_site


def ask_page(page: Resource, at: bytes, path: str, method: str = "GET") -> bytes:
    """Give the whole answer of a site that has *page* at *at*."""
    clock: Any = Clock()
    pages = WebPages()
    pages.put(at, page)
    site = make_site(pages, clock)
    site.startFactory()
    protocol = site.buildProtocol(IPv4Address("TCP", "10.0.0.7", 4711))
    transport = StringTransport(IPv4Address("TCP", "10.0.0.1", 8080))
    protocol.makeConnection(transport)
    text = f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    protocol.dataReceived(text.encode())
    site.stopFactory()
    answer = transport.value()
    protocol.connectionLost(None)
    return answer
