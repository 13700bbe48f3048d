"""Reading the list of name servers from an address server, over HTTP."""

from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import Agent, ResponseDone
from twisted.web.http import PotentialDataLoss

from twistedmq.protocol.errors import TwistedMQError

HTTP_OK: Final = 200
MAX_PAGE_BYTES: Final = 65_536


class AddressServerError(TwistedMQError):
    """The address server did not answer with a list."""


class PageReader(Protocol):
    """Collects a page, up to what a list of addresses may need."""

    def __init__(self) -> None:
        self.complete: Deferred[bytes] = Deferred()
        self._pieces: list[bytes] = []
        self._size = 0

    def dataReceived(self, data: bytes) -> None:
        """Keep a piece."""
        self._size += len(data)
        if self._size <= MAX_PAGE_BYTES:
            self._pieces.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Hand over the page: it is over, whichever way."""
        if self._size > MAX_PAGE_BYTES:
            problem = f"answered with more than {MAX_PAGE_BYTES} bytes"
            self.complete.errback(AddressServerError(problem))
        elif reason.check(ResponseDone, PotentialDataLoss):
            self.complete.callback(b"".join(self._pieces))
        else:
            self.complete.errback(reason)


def fetch_page(reactor: Any, url: str, timeout_s: float) -> Deferred[bytes]:
    """Give the page at *url*; fails with what went wrong."""
    agent = Agent(reactor, connectTimeout=timeout_s)

    async def fetch() -> bytes:
        response: Any = await agent.request(b"GET", url.encode("ascii"))
        reader = PageReader()
        response.deliverBody(reader)
        page = await reader.complete
        if response.code != HTTP_OK:
            raise AddressServerError(f"answered with status {response.code}")
        return page

    return Deferred.fromCoroutine(fetch()).addTimeout(timeout_s, reactor)
