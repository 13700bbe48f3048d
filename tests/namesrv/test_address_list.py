from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from twistedmq.config.live import Live
from twistedmq.config.namesrv import AddressListConfig
from twistedmq.namesrv.address_list import AddressListService, make_site

Ask = Callable[[str], bytes]


def service(*addresses: str) -> AddressListService:
    config = Live(AddressListConfig(http_port=8080, addresses=addresses))
    return AddressListService(None, config, "127.0.0.1", lambda: 9876)


def ask(listed: AddressListService, path: str, method: str = "GET") -> bytes:
    clock: Any = Clock()
    site = make_site(listed.addresses, clock)
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


@pytest.mark.parametrize(
    "path",
    ["/rocketmq/nsaddr", "/rocketmq/nsaddr-unit?nofix=1"],
)
def test_the_list_is_plain_text(path: str) -> None:
    answer = ask(service("10.0.0.1:9876", "10.0.0.2:9876"), path)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"text/plain" in head.lower()
    assert body == b"10.0.0.1:9876;10.0.0.2:9876"


def test_without_a_list_it_is_the_server_that_was_asked() -> None:
    assert ask(service(), "/rocketmq/nsaddr").endswith(b"\r\n\r\n10.0.0.1:9876")


@pytest.mark.parametrize("path", ["/", "/rocketmq", "/rocketmq/other", "/nsaddr"])
def test_other_paths_are_not_there(path: str) -> None:
    assert ask(service(), path).startswith(b"HTTP/1.1 404 ")


def test_nothing_else_can_be_done() -> None:
    answer = ask(service(), "/rocketmq/nsaddr", "DELETE")
    assert answer.startswith((b"HTTP/1.1 405 ", b"HTTP/1.1 501 "))


def test_no_port_is_no_service() -> None:
    config = Live(AddressListConfig(http_port=0))
    silent = AddressListService(None, config, "127.0.0.1", lambda: 9876)
    assert silent.bind() == 0
    silent.startService()
    silent.stopService()
