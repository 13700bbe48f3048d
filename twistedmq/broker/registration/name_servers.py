"""Which name servers there are today."""

from collections.abc import Callable
from typing import Any, Final, cast

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IResolutionReceiver,
)
from twisted.logger import Logger
from zope.interface import implementer

from twistedmq.config.broker import RegistrationConfig
from twistedmq.config.live import Live
from twistedmq.protocol.addresses import format_address, parse_address
from twistedmq.protocol.errors import FieldError
from twistedmq.remoting.web_page import fetch_page

FETCH_TIMEOUT_S: Final = 3.0


class NameServers:
    """The addresses of all name servers, looked up anew when they are asked for.

    A host name stands for all its addresses: behind one name there may be several name
    servers. Of a name with addresses of both families only the IPv4 ones are used.

    Args:
        config: literal addresses, or the URL of an address server.
        seconds: a monotonic clock; says when the address server is asked again.
        resolver: finds the addresses of a host name.
        fetch: reads a page; ``page_fetcher`` gives one.
    """

    _log = Logger()

    def __init__(
        self,
        config: Live[RegistrationConfig],
        seconds: Callable[[], float],
        resolver: IHostnameResolver,
        fetch: Callable[[str], Deferred[bytes]],
    ) -> None:
        self._config = config
        self._seconds = seconds
        self._resolver = resolver
        self._fetch = fetch
        self._fetched: tuple[str, ...] = ()
        self._fetch_after = float("-inf")

    async def current(self) -> list[str]:
        """Give the address of each, as text with a numeric host."""
        addresses: dict[str, None] = {}
        for name in await self._names():
            try:
                host, port = parse_address(name)
            except FieldError as error:
                self._log.warn(
                    "name server {name}: {error}", name=name, error=str(error)
                )
                continue
            for address in await self._look_up(host):
                addresses[format_address(address, port)] = None
        return list(addresses)

    async def _names(self) -> tuple[str, ...]:
        config = self._config.value
        if config.name_servers or not config.address_server:
            return config.name_servers
        if self._seconds() >= self._fetch_after:
            try:
                page = await self._fetch(config.address_server)
                text = page.decode("ascii", "replace")
                self._fetched = tuple(filter(None, map(str.strip, text.split(";"))))
                self._fetch_after = self._seconds() + config.address_refresh_ms / 1000
            except Exception as error:
                self._log.warn(
                    "address server {url}: {error}",
                    url=config.address_server,
                    error=str(error),
                )
        return self._fetched

    async def _look_up(self, host: str) -> list[str]:
        if isIPAddress(host) or isIPv6Address(host):
            return [host]
        found = _Found()
        self._resolver.resolveHostName(found, host)
        addresses = await found.complete
        if not addresses:
            self._log.warn("name server {host}: no address found", host=host)
        return [a for a in addresses if ":" not in a] or addresses


@implementer(IResolutionReceiver)
class _Found:
    """Collects the addresses of one host name."""

    def __init__(self) -> None:
        self.complete: Deferred[list[str]] = Deferred()
        self._addresses: list[str] = []

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:  # noqa: N802, N803
        """Nothing comes of it yet."""

    def addressResolved(self, address: IAddress) -> None:  # noqa: N802
        """Keep one address."""
        self._addresses.append(cast(Any, address).host)

    def resolutionComplete(self) -> None:  # noqa: N802
        """Hand over what was found."""
        self.complete.callback(list(dict.fromkeys(self._addresses)))


def page_fetcher(reactor: Any) -> Callable[[str], Deferred[bytes]]:
    """Give a function that reads a web page, by *reactor*."""

    def fetch(url: str) -> Deferred[bytes]:
        return fetch_page(reactor, url, FETCH_TIMEOUT_S)

    return fetch
