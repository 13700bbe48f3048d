import pytest
from web_kit import ask_page

from twistedmq.config.live import Live
from twistedmq.config.namesrv import AddressListConfig
from twistedmq.namesrv.address_list import PATH, AddressList


def page(*addresses: str) -> AddressList:
    config = Live(AddressListConfig(http_port=8080, addresses=addresses))
    return AddressList(config, lambda: 9876)


def ask(listed: AddressList, path: str, method: str = "GET") -> bytes:
    return ask_page(listed, PATH, path, method)


@pytest.mark.parametrize(
    "path",
    ["/rocketmq/nsaddr", "/rocketmq/nsaddr-unit?nofix=1"],
)
def test_the_list_is_plain_text(path: str) -> None:
    answer = ask(page("10.0.0.1:9876", "10.0.0.2:9876"), path)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"text/plain" in head.lower()
    assert body == b"10.0.0.1:9876;10.0.0.2:9876"


def test_without_a_list_it_is_the_server_that_was_asked() -> None:
    assert ask(page(), "/rocketmq/nsaddr").endswith(b"\r\n\r\n10.0.0.1:9876")


def test_nothing_else_can_be_done() -> None:
    answer = ask(page(), "/rocketmq/nsaddr", "DELETE")
    assert answer.startswith((b"HTTP/1.1 405 ", b"HTTP/1.1 501 "))
