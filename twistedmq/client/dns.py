"""Host names to addresses, through the reactor's resolver."""

from collections.abc import Sequence
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.error import DNSLookupError
from twisted.internet.interfaces import (
    IAddress,
    IHostResolution,
    IReactorPluggableNameResolver,
    IResolutionReceiver,
)
from zope.interface import implementer


def resolve_host(reactor: object, host: str) -> Deferred[Sequence[str]]:
    """Give all addresses of *host*; fails with DNSLookupError where there is none."""
    found: Deferred[Sequence[str]] = Deferred()
    resolver = cast("IReactorPluggableNameResolver", reactor).nameResolver
    resolver.resolveHostName(_Receiver(host, found), host)
    return found


@implementer(IResolutionReceiver)
class _Receiver:
    """Gathers what the resolver finds."""

    def __init__(self, host: str, found: Deferred[Sequence[str]]) -> None:
        self._host = host
        self._found = found
        self._addresses: list[str] = []

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:  # noqa: N802, N803
        """Do nothing: there is no way back."""

    def addressResolved(self, address: IAddress) -> None:  # noqa: N802
        """Keep one address."""
        self._addresses.append(cast("Any", address).host)

    def resolutionComplete(self) -> None:  # noqa: N802
        """Hand over what was found."""
        if self._addresses:
            self._found.callback(list(dict.fromkeys(self._addresses)))
        else:
            self._found.errback(DNSLookupError(f"no address for host {self._host!r}"))
