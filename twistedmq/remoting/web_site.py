"""A web port: it has pages by path, put there by whoever has one."""

import socket
from typing import Any, Final

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.interfaces import IListeningPort
from twisted.web.http import NOT_FOUND, Request
from twisted.web.resource import IResource, Resource
from twisted.web.server import Site

from twistedmq.remoting.listening import listen

BACKLOG: Final = 128
IDLE_S: Final = 30


class WebPages(Resource):
    """The pages of one port."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self._pages: dict[bytes, IResource] = {}

    def put(self, path: bytes, page: IResource) -> None:
        """Have *page* answer for *path*, and for what follows it behind a ``-``."""
        self._pages[path] = page

    def page(self, path: bytes) -> IResource | None:
        """Give the page that was put at *path*."""
        return self._pages.get(path)

    def render(self, request: Request) -> Any:
        """Have the page answer that the path belongs to."""
        path = request.path
        page = self._pages.get(path)
        if page is None:
            page = self._pages.get(path.partition(b"-")[0])
        if page is not None:
            return page.render(request)
        request.setHeader(b"content-type", b"text/plain; charset=utf-8")
        request.setResponseCode(NOT_FOUND)
        return b"not found\n"


class _QuietSite(Site):
    """A site that does not log every request."""

    noisy = False
    displayTracebacks = False  # noqa: N815 -- Twisted's name

    def log(self, request: Request) -> None:
        """Keep silent."""


def make_site(pages: IResource, reactor: Any) -> Site:
    """Give the site of *pages*."""
    return _QuietSite(pages, timeout=IDLE_S, reactor=reactor)


class WebPort(Service):
    """Listens for HTTP.

    Attributes:
        port: the port, chosen when bound if it was 0.
        pages: what is found there.
    """

    def __init__(self, reactor: Any, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.pages = WebPages()
        self._reactor = reactor
        self._sockets: list[socket.socket] = []
        self._ports: list[IListeningPort] = []

    def bind(self) -> int:
        """Take the port, before the reactor runs; gives its number.

        Raises: PortInUseError.
        """
        if not self._sockets:
            self._sockets = listen(self.host, self.port, BACKLOG)
            self.port = self._sockets[0].getsockname()[1]
        return self.port

    def unbind(self) -> None:
        """Give the port back, if the service is not started after all."""
        for one in self._sockets:
            one.close()
        self._sockets = []

    def startService(self) -> None:
        """Serve."""
        super().startService()
        self.bind()
        site = make_site(self.pages, self._reactor)
        for one in self._sockets:
            self._ports.append(
                self._reactor.adoptStreamPort(one.fileno(), one.family, site)
            )
        self.unbind()  # the reactor has descriptors of its own

    def stopService(self) -> Deferred[None]:
        """Serve no more."""
        super().stopService()
        self.unbind()
        ports, self._ports = self._ports, []
        stopping = [maybeDeferred(port.stopListening) for port in ports]
        return DeferredList(stopping).addCallback(lambda _: None)
