"""The list of name servers over HTTP, for clients that are told a host name only.

Genuine clients ask ``http://HOST:8080/rocketmq/nsaddr`` every two minutes.
"""

from collections.abc import Callable
from typing import Final

from twisted.web.http import NOT_ALLOWED, Request
from twisted.web.resource import Resource

from twistedmq.config.live import Live
from twistedmq.config.namesrv import AddressListConfig
from twistedmq.protocol.addresses import format_address
from twistedmq.remoting.addresses import host_port

PATH: Final = b"/rocketmq/nsaddr"
"""Asked also with "-" and a unit's name behind it."""


class AddressList(Resource):
    """The page with the addresses, separated by semicolons."""

    isLeaf = True

    def __init__(
        self, config: Live[AddressListConfig], namesrv_port: Callable[[], int]
    ) -> None:
        """*namesrv_port* gives the port of this name server, once it is known."""
        super().__init__()
        self._config = config
        self._namesrv_port = namesrv_port

    def addresses(self, asked_host: str) -> tuple[str, ...]:
        """Give the name servers: those that are set, or this one as it was asked."""
        own = (format_address(asked_host, self._namesrv_port()),)
        return self._config.value.addresses or own

    def render(self, request: Request) -> bytes:
        """Give the addresses."""
        request.setHeader(b"content-type", b"text/plain; charset=utf-8")
        if request.method not in (b"GET", b"HEAD"):
            request.setResponseCode(NOT_ALLOWED)
            request.setHeader(b"allow", b"GET, HEAD")
            return b"not allowed\n"
        host, _ = host_port(request.getHost())
        request.setHeader(b"cache-control", b"no-store")
        return ";".join(self.addresses(host)).encode()
