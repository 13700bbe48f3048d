"""How an address is dialled: one that is numeric, or a name to be resolved."""

from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import ClientCreator
from zope.interface import implementer

MakeEndpoint = Callable[[Any, str, int, float], IStreamClientEndpoint]
"""Gives the endpoint of (reactor, host, port, time limit in seconds)."""


def make_endpoint(
    reactor: Any, host: str, port: int, timeout_s: float
) -> IStreamClientEndpoint:
    """Give the endpoint of a numeric address, or of a name to be resolved."""
    if isIPAddress(host) or isIPv6Address(host):
        return NumericEndpoint(reactor, host, port, timeout_s)
    # brings OpenSSL along, which a command for one call would wait for
    from twisted.internet.endpoints import HostnameEndpoint  # noqa: PLC0415

    return HostnameEndpoint(reactor, host, port, timeout_s)


@implementer(IStreamClientEndpoint)
class NumericEndpoint:
    """Twisted's ``TCP4ClientEndpoint`` and ``TCP6ClientEndpoint``, without the module
    they are in: its imports take as long as all of ours.
    """

    def __init__(self, reactor: Any, host: str, port: int, timeout_s: float) -> None:
        """Lead to *host*, an IPv4 or IPv6 address."""
        self._reactor = reactor
        self._timeout_s = timeout_s
        kind = IPv6Address if isIPv6Address(host) else IPv4Address
        self.peer = kind("TCP", host, port)

    def connect(
        self,
        protocolFactory: IProtocolFactory,  # noqa: N803
    ) -> Deferred[IProtocol]:
        """Fire with the protocol when it is connected; fails as ``connectTCP``."""
        make = partial(protocolFactory.buildProtocol, self.peer)
        dialling: Deferred[IProtocol] = ClientCreator(self._reactor, make).connectTCP(
            self.peer.host, self.peer.port, self._timeout_s
        )
        return dialling
