import socket

import pytest

from twistedmq.app import own_address


class Probe:
    def __init__(self, address: str | None) -> None:
        if address == "no such family":
            raise OSError("address family not supported")
        self.address = address

    def __enter__(self) -> "Probe":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def connect(self, _where: object) -> None:
        if self.address is None:
            raise OSError("network is unreachable")

    def getsockname(self) -> tuple[str | None, int]:
        return self.address, 0


@pytest.fixture
def network(monkeypatch):
    def change(way_out: str | None, named: list[str], ipv6: str | None = None) -> None:
        ways = {socket.AF_INET: way_out, socket.AF_INET6: ipv6}
        monkeypatch.setattr(socket, "socket", lambda family, _: Probe(ways[family]))
        monkeypatch.setattr(
            socket, "gethostbyname_ex", lambda name: (name, [], list(named))
        )

    return change


def test_the_way_out_names_the_address(network) -> None:
    network("192.0.2.7", [])
    assert own_address.own_address() == "192.0.2.7"


def test_without_a_way_out_it_is_what_the_name_leads_to(network) -> None:
    network(None, ["127.0.1.1", "10.1.2.3"])
    assert own_address.own_address() == "10.1.2.3"


def test_a_machine_with_ipv6_only_has_that_address(network) -> None:
    network(None, ["127.0.1.1"], "2001:db8::7")
    assert own_address.own_address() == "2001:db8::7"


@pytest.mark.parametrize("ipv6", [None, "::1", "no such family"])
def test_a_machine_alone_is_loopback(network, ipv6: str | None) -> None:
    network(None, ["127.0.1.1"], ipv6)
    assert own_address.own_address() == "127.0.0.1"


def test_what_is_set_goes_before_what_is_listened_on(network) -> None:
    network("192.0.2.7", [])
    assert own_address.advertised("broker.example", "0.0.0.0") == "broker.example"
    assert own_address.advertised("", "10.0.0.1") == "10.0.0.1"
    for every_address in ("0.0.0.0", "::", ""):
        assert own_address.advertised("", every_address) == "192.0.2.7"
