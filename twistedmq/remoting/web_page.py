"""Reading one small web page: name servers can be found by HTTP."""

from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from twistedmq.remoting.errors import RemotingError, in_words

HTTP_OK: Final = 200
MAX_PAGE_BYTES: Final = 65_536


class PageError(RemotingError):
    """The web server did not answer with a page that can be used."""


def fetch_page(reactor: Any, url: str, timeout_s: float) -> Deferred[bytes]:
    """Give the body of the page at *url*.

    Fails with PageError on another status than 200, a page that is too large, or after
    *timeout_s* seconds; or with an error of the connection.
    """
    # costs 0.1 s to import, which most programs can do without
    from twisted.web.client import Agent, ResponseNeverReceived  # noqa: PLC0415

    agent = Agent(reactor, connectTimeout=timeout_s)

    async def fetch() -> bytes:
        try:
            response: Any = await agent.request(b"GET", url.encode("ascii"))
        except ResponseNeverReceived as error:
            # its text would be how Python writes a list of failures
            reasons = (in_words(reason) for reason in error.reasons)
            raise PageError(f"no answer: {', '.join(reasons)}") from error
        reader = PageReader()
        response.deliverBody(reader)
        page = await reader.complete
        if response.code != HTTP_OK:
            raise PageError(f"answered with status {response.code}")
        return page

    fetched = Deferred.fromCoroutine(fetch())
    return fetched.addTimeout(timeout_s, reactor, onTimeoutCancel=_took_too_long)


class PageReader(Protocol):
    """Collects a page, up to what a list of addresses may need."""

    def __init__(self) -> None:
        self.complete: Deferred[bytes] = Deferred()
        self._pieces: list[bytes] = []
        self._size = 0

    def dataReceived(self, data: bytes) -> None:
        """Keep a piece."""
        self._pieces.append(data)
        self._size += len(data)
        if self._size > MAX_PAGE_BYTES and self.transport is not None:
            self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Hand over the page: it is over, whichever way."""
        from twisted.web.client import ResponseDone  # noqa: PLC0415
        from twisted.web.http import PotentialDataLoss  # noqa: PLC0415

        if self.complete.called:
            return
        if self._size > MAX_PAGE_BYTES:
            problem = f"answered with more than {MAX_PAGE_BYTES} bytes"
            self.complete.errback(PageError(problem))
        elif reason.check(ResponseDone, PotentialDataLoss):
            self.complete.callback(b"".join(self._pieces))
        else:
            self.complete.errback(reason)


def _took_too_long(_: object, timeout_s: float) -> bytes:
    raise PageError(f"no answer within {timeout_s:g} s")
