from typing import Any

import pytest
from client_kit import result_of
from twisted.internet.address import IPv4Address
from twisted.internet.error import DNSLookupError

from twistedmq.client.dns import resolve_host


class FakeReactor:
    """A reactor that knows one host."""

    def __init__(self) -> None:
        self.nameResolver = self

    def resolveHostName(self, receiver: Any, host: str) -> None:
        receiver.resolutionBegan(None)
        if host == "mq.example":
            for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1"):
                receiver.addressResolved(IPv4Address("TCP", address, 0))
        receiver.resolutionComplete()


def test_all_addresses_are_given_once() -> None:
    found = resolve_host(FakeReactor(), "mq.example")
    assert result_of(found) == ["192.0.2.1", "192.0.2.2"]


def test_an_unknown_host_is_an_error() -> None:
    with pytest.raises(DNSLookupError, match=r"gone\.example"):
        result_of(resolve_host(FakeReactor(), "gone.example"))
