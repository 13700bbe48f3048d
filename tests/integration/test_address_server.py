"""Reading the list of name servers from an address server, over HTTP."""

from collections.abc import Generator, Iterator
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from twistedmq.broker.registration.name_servers import page_fetcher
from twistedmq.remoting.web_page import MAX_PAGE_BYTES, PageError

Test = Generator[Any, Any, None]


class Page(Resource):
    """A list, or another status than "good"."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        if request.path != b"/list":
            request.setResponseCode(503)
        if request.path == b"/endless":
            return b"x" * (MAX_PAGE_BYTES + 1)
        return b"10.0.0.1:9876\n"


@pytest.fixture
def url() -> Iterator[str]:
    port: Any = reactor.listenTCP(0, Site(Page()), interface="127.0.0.1")  # type: ignore[attr-defined]
    yield f"http://127.0.0.1:{port.getHost().port}"
    pytest_twisted.blockon(port.stopListening())


@pytest_twisted.inlineCallbacks
def test_a_page_is_read(url: str) -> Test:
    page = yield page_fetcher(reactor)(f"{url}/list")
    assert page == b"10.0.0.1:9876\n"


@pytest_twisted.inlineCallbacks
def test_another_status_is_no_list(url: str) -> Test:
    with pytest.raises(PageError, match="status 503"):
        yield page_fetcher(reactor)(f"{url}/busy")


@pytest_twisted.inlineCallbacks
def test_a_page_may_not_be_endless(url: str) -> Test:
    with pytest.raises(PageError, match="more than 65536 bytes"):
        yield page_fetcher(reactor)(f"{url}/endless")
