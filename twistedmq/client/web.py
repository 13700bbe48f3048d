"""Reading one web page, for name servers that are found by HTTP."""

from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.web.client import Agent, readBody
from twisted.web.iweb import IResponse

from twistedmq.client.errors import NoNameServerError
from twistedmq.client.reactor import Clock


def fetch_page(reactor: Clock, url: str, timeout_s: float) -> Deferred[bytes]:
    """Give the body of the page at *url*.

    Fails with NoNameServerError on another status than 200, TimeoutError after
    *timeout_s* seconds, or an error of the connection.
    """
    agent = Agent(cast("Any", reactor), connectTimeout=timeout_s)

    async def fetch() -> bytes:
        response: IResponse = await agent.request(b"GET", url.encode("ascii"))
        body: bytes = await readBody(response)
        if response.code != 200:
            raise NoNameServerError(f"status {response.code}")
        return body

    page = Deferred.fromCoroutine(fetch())
    return page.addTimeout(timeout_s, cast("Any", reactor))
