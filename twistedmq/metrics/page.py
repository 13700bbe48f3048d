"""``/metrics``: the figures of the servers in this process, for Prometheus."""

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import INTERNAL_SERVER_ERROR, NOT_ALLOWED, Request
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from twistedmq.metrics.registry import Family, MetricsRegistry

PATH: Final = b"/metrics"

InThread = Callable[..., Deferred[Any]]
"""Runs a function in a thread."""


class MetricsPage(Resource):
    """Collects and writes the figures of each request anew.

    Two that ask at the same time are given the same text, so that asking often does
    not cost more than asking always.
    """

    isLeaf = True
    _log = Logger()

    def __init__(self, in_thread: InThread) -> None:
        """Write the text *in_thread*: it may be long."""
        super().__init__()
        self.registries: list[MetricsRegistry] = []
        """Those whose figures are shown."""
        self._in_thread = in_thread
        self._asked: dict[str, list[Request]] = {}

    def render(self, request: Request) -> bytes | int:
        """Answer when the figures are there."""
        if request.method not in (b"GET", b"HEAD"):
            request.setResponseCode(NOT_ALLOWED)
            request.setHeader(b"allow", b"GET, HEAD")
            return b"not allowed\n"
        accepted = request.getHeader("accept") or ""
        request.notifyFinish().addErrback(self._gone, accepted, request)
        waiting = self._asked.get(accepted)
        if waiting is not None:
            waiting.append(request)
        else:
            self._asked[accepted] = [request]
            Deferred.fromCoroutine(self._answer(accepted))
        return NOT_DONE_YET

    async def _answer(self, accepted: str) -> None:
        try:
            text, content_type = await self._written(accepted)
            status = 200
        except Exception:
            self._log.failure("the page of figures could not be made")
            text, content_type = b"see the log of this server\n", "text/plain"
            status = INTERNAL_SERVER_ERROR
        for request in self._asked.pop(accepted):
            request.setResponseCode(status)
            request.setHeader(b"content-type", content_type.encode())
            request.setHeader(b"content-length", str(len(text)).encode())
            if request.method != b"HEAD":
                request.write(text)
            request.finish()

    async def _written(self, accepted: str) -> tuple[bytes, str]:
        # The library is loaded when the page is first asked for: who has the page
        # off, or never looks, does not pay for it.
        from twistedmq.metrics.exposition import render  # noqa: PLC0415

        families: dict[str, Family] = {}
        for registry in self.registries:
            for family in await registry.collect():
                known = families.setdefault(family.metric.name, family)
                if known is not family:
                    known.samples.extend(family.samples)
        written: tuple[bytes, str] = await self._in_thread(
            render, list(families.values()), accepted
        )
        return written

    def _gone(self, _failure: Failure, accepted: str, request: Request) -> None:
        """Forget a request whose connection is lost."""
        if request in self._asked.get(accepted, ()):
            self._asked[accepted].remove(request)
