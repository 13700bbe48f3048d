"""Where the addresses of the name servers come from, and how a text chooses it.

``scheme:arguments``: ``literal:a:9876;b:9876``; ``http:DOMAIN``, ``http:DOMAIN/GROUP``
or a whole URL; ``file:client.conf``; ``env:NAMESRV_ADDR``. A text without a scheme is a
literal list.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from twisted.internet.defer import (
    CancelledError,
    Deferred,
    fail,
    gatherResults,
    succeed,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from twistedmq.client.client_file import ClientConfigError, name_servers_told
from twistedmq.client.deferreds import unwrapped
from twistedmq.client.errors import NoNameServerError
from twistedmq.client.interfaces import INameServerSource
from twistedmq.client.reactor import Clock
from twistedmq.protocol.addresses import format_address, parse_address
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.remoting.web_page import fetch_page

ENVIRONMENT_VARIABLE = "NAMESRV_ADDR"
DEFAULT = "127.0.0.1:9876"
POLL_S = 30.0
HTTP_POLL_S = 120.0
"""As genuine clients do."""
SUBGROUP = "nsaddr"
HTTP_TIMEOUT_S = 3.0
HTTP_PORT = 8080

Resolve = Callable[[str], Deferred[Sequence[str]]]
"""Gives all addresses of a host name; fails where it is unknown."""
Fetch = Callable[[str], Deferred[bytes]]
"""Gives the body of a page that came with status 200; fails otherwise."""

Nameservers = str | Iterable[str] | INameServerSource | None


@implementer(INameServerSource)
class LiteralSource:
    """A list given in words; host names in it are resolved again at every poll.

    Args:
        text: addresses "host:port", between them ``;`` or ``,``.
        resolve: how host names become addresses.
    """

    def __init__(self, text: str, resolve: Resolve) -> None:
        parts = text.replace(",", ";").split(";")
        self._places = [_place(part) for part in map(str.strip, parts) if part]
        if not self._places:
            raise NoNameServerError(f"no name server in {text!r}")
        self._resolve = resolve
        named = any(not _is_address(host) for host, _ in self._places)
        self.poll_s: float | None = POLL_S if named else None

    def addresses(self) -> Deferred[Sequence[str]]:
        """Give the addresses in the order of the text, each once."""
        found = [self._addresses_of(host, port) for host, port in self._places]
        together = unwrapped(gatherResults(found, consumeErrors=True))
        return together.addCallback(_each_once)

    def _addresses_of(self, host: str, port: int) -> Deferred[list[str]]:
        if _is_address(host):
            return succeed([format_address(host, port)])

        def unresolved(failure: Failure) -> list[str]:
            if failure.check(CancelledError):
                failure.raiseException()
            # connecting will say what is wrong with the name, if it still is by then
            return [f"{host}:{port}"]

        return self._resolve(host).addCallbacks(
            lambda hosts: [format_address(each, port) for each in hosts], unresolved
        )


@implementer(INameServerSource)
class HttpSource:
    """A web page whose first line is the list (genuine clients ask such a page too)."""

    poll_s: float | None = HTTP_POLL_S

    def __init__(self, url: str, fetch: Fetch, resolve: Resolve) -> None:
        self.url = url
        self._fetch = fetch
        self._resolve = resolve

    def addresses(self) -> Deferred[Sequence[str]]:
        """Ask for the page and read its first line."""
        return self._fetch(self.url).addCallbacks(self._read, self._failed)

    def _read(self, page: bytes) -> Deferred[Sequence[str]]:
        lines = page.decode("utf-8", "replace").strip().splitlines()
        if not lines:
            raise NoNameServerError(f"{self.url} answered with an empty page")
        return LiteralSource(lines[0], self._resolve).addresses()

    def _failed(self, failure: Failure) -> Sequence[str]:
        if failure.check(CancelledError):
            failure.raiseException()
        raise NoNameServerError(f"{self.url}: {failure.getErrorMessage()}")


@implementer(INameServerSource)
class FileSource:
    """What a client's file says at the moment: addresses, or a domain to be asked.

    Args:
        path: the file; see ``twistedmq.client.client_file``.
        open_text: makes a source of what it says.
    """

    poll_s: float | None = POLL_S

    def __init__(
        self, path: Path, open_text: Callable[[str], INameServerSource]
    ) -> None:
        self._path = path
        self._open_text = open_text
        self._text = ""
        self._source = self._read()

    def addresses(self) -> Deferred[Sequence[str]]:
        """Read the file again, and find what it names."""
        try:
            self._source = self._read()
        except NoNameServerError as error:
            return fail(error)
        found: Deferred[Sequence[str]] = self._source.addresses()
        return found

    def _read(self) -> Any:
        try:
            text = name_servers_told(self._path)
        except ClientConfigError as error:
            raise NoNameServerError(str(error)) from error
        if text == self._text:
            return self._source
        source = self._open_text(text)
        self._text = text
        return source


def endpoint_url(domain: str, subgroup: str = SUBGROUP, unit: str = "") -> str:
    """Give the URL that a genuine client would ask for the domain name *domain*.

    Port 8080 unless the domain names one; a *unit* becomes part of the path.
    """
    place = domain if ":" in domain else f"{domain}:{HTTP_PORT}"
    return f"http://{place}/rocketmq/{subgroup}{_unit_ending(unit)}"


def open_source(
    given: Nameservers,
    reactor: Clock,
    environ: Mapping[str, str] | None = None,
    *,
    unit: str = "",
    fetch: Fetch | None = None,
    resolve: Resolve | None = None,
) -> INameServerSource:
    """Make a source of what a user gave.

    Args:
        given: a source; a text (see the module); several addresses; None: what the
            environment variable NAMESRV_ADDR says, or 127.0.0.1:9876.
        reactor: for web requests and name resolution.
        environ: the environment; ``os.environ`` where it is None.
        unit: the unit that clients belong to; a web page is asked for its list.
        fetch: how web pages are read; for tests.
        resolve: how host names are resolved; for tests.

    Raises:
        NoNameServerError: the text names no address, or a malformed one.
    """
    if INameServerSource.providedBy(given):
        return given
    environ = os.environ if environ is None else environ
    fetch = fetch or _fetch_with(reactor)
    resolve = resolve or _resolve_with(reactor)
    if given is None:
        given = environ.get(ENVIRONMENT_VARIABLE) or DEFAULT
    text = given if isinstance(given, str) else ";".join(given)
    scheme, _, arguments = text.partition(":")
    if text.startswith(("http://", "https://")):
        return HttpSource(_whole_url(text, unit), fetch, resolve)
    if scheme == "http":
        domain, _, subgroup = arguments.partition("/")
        url = endpoint_url(domain, subgroup or SUBGROUP, unit)
        return HttpSource(url, fetch, resolve)
    if scheme == "file":
        open_text = partial(
            open_source,
            reactor=reactor,
            environ=environ,
            unit=unit,
            fetch=fetch,
            resolve=resolve,
        )
        return FileSource(Path(arguments), open_text)
    if scheme == "env":
        text = environ.get(arguments, "")
        if not text:
            raise NoNameServerError(f"the environment variable {arguments} is not set")
    return LiteralSource(text.removeprefix("literal:"), resolve)


def _whole_url(url: str, unit: str) -> str:
    """Complete a URL that is only scheme and host, as a genuine client would.

    These know no TLS; who wants it is not sent elsewhere.
    """
    parts = urlsplit(url)
    if parts.path.strip("/"):
        return url + _unit_ending(unit)
    if parts.scheme == "https":
        return f"https://{parts.netloc}/rocketmq/{SUBGROUP}{_unit_ending(unit)}"
    return endpoint_url(parts.netloc, unit=unit)


def _unit_ending(unit: str) -> str:
    return f"-{unit}?nofix=1" if unit else ""


def _place(text: str) -> tuple[str, int]:
    try:
        return parse_address(text)
    except (TwistedMQError, ValueError) as error:
        raise NoNameServerError(f"name server {text!r}: {error}") from error


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _each_once(lists: list[list[str]]) -> list[str]:
    return list(dict.fromkeys(address for each in lists for address in each))


def _fetch_with(reactor: Clock) -> Fetch:
    def fetch(url: str) -> Deferred[bytes]:
        return fetch_page(reactor, url, HTTP_TIMEOUT_S)

    return fetch


def _resolve_with(reactor: Clock) -> Resolve:
    def resolve(host: str) -> Deferred[Sequence[str]]:
        from twistedmq.client.dns import resolve_host  # noqa: PLC0415

        return resolve_host(reactor, host)

    return resolve
