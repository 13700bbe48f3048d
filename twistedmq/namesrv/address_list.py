"""The list of name servers over HTTP, for clients that are told a host name only.

Genuine clients ask ``http://HOST:8080/rocketmq/nsaddr`` every two minutes.
"""

import socket
from collections.abc import Callable
from typing import Any, Final

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.interfaces import IListeningPort
from twisted.web.http import NOT_ALLOWED, NOT_FOUND, Request
from twisted.web.resource import Resource
from twisted.web.server import Site

from twistedmq.config.live import Live
from twistedmq.config.namesrv import AddressListConfig
from twistedmq.protocol.addresses import format_address
from twistedmq.remoting.addresses import host_port
from twistedmq.remoting.listening import listen

BACKLOG: Final = 128
PATH: Final = b"/rocketmq/nsaddr"
IDLE_S: Final = 30


class AddressList(Resource):
    """``/rocketmq/nsaddr``, also with "-" and a unit's name behind it; nothing else."""

    isLeaf = True

    def __init__(self, addresses: Callable[[str], tuple[str, ...]]) -> None:
        """*addresses* is given the host under which it was asked."""
        super().__init__()
        self._addresses = addresses

    def render(self, request: Request) -> bytes:
        """Give the addresses, separated by semicolons."""
        request.setHeader(b"content-type", b"text/plain; charset=utf-8")
        path = request.path
        if path != PATH and not path.startswith(PATH + b"-"):
            request.setResponseCode(NOT_FOUND)
            return b"not found\n"
        if request.method not in (b"GET", b"HEAD"):
            request.setResponseCode(NOT_ALLOWED)
            request.setHeader(b"allow", b"GET, HEAD")
            return b"not allowed\n"
        host, _ = host_port(request.getHost())
        request.setHeader(b"cache-control", b"no-store")
        return ";".join(self._addresses(host)).encode()


class _Site(Site):
    """A site that does not log every request."""

    noisy = False
    displayTracebacks = False  # noqa: N815 -- Twisted's name

    def log(self, request: Request) -> None:
        """Keep silent."""


def make_site(addresses: Callable[[str], tuple[str, ...]], reactor: Any) -> Site:
    """Give the site; *addresses* is given the host under which it was asked."""
    return _Site(AddressList(addresses), timeout=IDLE_S, reactor=reactor)


class AddressListService(Service):
    """Listens for HTTP, unless the settings say that there is no such port.

    Attributes:
        port: the port, known once bound; 0 where there is none.
    """

    def __init__(
        self,
        reactor: Any,
        config: Live[AddressListConfig],
        listen_host: str,
        namesrv_port: Callable[[], int],
    ) -> None:
        """*namesrv_port* gives the port of this name server, once it is known."""
        self.port = config.value.http_port
        self._reactor = reactor
        self._config = config
        self._listen_host = listen_host
        self._namesrv_port = namesrv_port
        self._sockets: list[socket.socket] = []
        self._ports: list[IListeningPort] = []

    def addresses(self, asked_host: str) -> tuple[str, ...]:
        """Give the name servers: those that are set, or this one as it was asked."""
        own = (format_address(asked_host, self._namesrv_port()),)
        return self._config.value.addresses or own

    def bind(self) -> int:
        """Take the port, before the reactor runs; gives its number.

        Raises: PortInUseError.
        """
        if self.port and not self._sockets:
            self._sockets = listen(self._listen_host, self.port, BACKLOG)
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
        site = make_site(self.addresses, self._reactor)
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
