"""Reading one small web page, for name servers that are found by HTTP."""

from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import Agent, ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import IResponse

from twistedmq.client.errors import NoNameServerError
from twistedmq.client.reactor import Clock

MAX_PAGE_BYTES = 64 * 1024
OK = 200


def fetch_page(reactor: Clock, url: str, timeout_s: float) -> Deferred[bytes]:
    """Give the body of the page at *url*.

    Fails with NoNameServerError on another status than 200, a page that is too large,
    or after *timeout_s* seconds; or with an error of the connection.
    """
    agent = Agent(cast("Any", reactor), connectTimeout=timeout_s)

    async def fetch() -> bytes:
        response: IResponse = await agent.request(b"GET", url.encode("ascii"))
        page = _Page()
        response.deliverBody(page)
        body = await page.done
        if response.code != OK:
            raise NoNameServerError(f"status {response.code}")
        return body

    fetched = Deferred.fromCoroutine(fetch())
    return fetched.addTimeout(timeout_s, reactor, onTimeoutCancel=_took_too_long)


class _Page(Protocol):
    """Gathers a body."""

    def __init__(self) -> None:
        self.done: Deferred[bytes] = Deferred()
        self._pieces: list[bytes] = []
        self._size = 0

    def dataReceived(self, data: bytes) -> None:
        """Keep a piece."""
        self._pieces.append(data)
        self._size += len(data)
        if self._size > MAX_PAGE_BYTES and self.transport is not None:
            self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Hand over what came."""
        if self.done.called:
            return
        if self._size > MAX_PAGE_BYTES:
            limit = f"a page of more than {MAX_PAGE_BYTES} bytes"
            self.done.errback(NoNameServerError(limit))
        elif reason.check(ResponseDone, PotentialDataLoss):
            self.done.callback(b"".join(self._pieces))
        else:
            self.done.errback(reason)


def _took_too_long(_: object, timeout_s: float) -> bytes:
    raise NoNameServerError(f"no answer within {timeout_s:g} s")
