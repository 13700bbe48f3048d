from typing import Any

import pytest
from twisted.web.resource import Resource
from web_kit import ask_page

from twistedmq.remoting.web_site import WebPort


class Hello(Resource):
    isLeaf = True

    def render(self, request: Any) -> bytes:
        return b"hello"


def ask(path: str) -> bytes:
    return ask_page(Hello(), b"/page", path)


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
