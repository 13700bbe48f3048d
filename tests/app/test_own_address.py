import socket

import pytest

from twistedmq.app import own_address


class Probe:
    def __init__(self, address: str | None) -> None:
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
    def change(way_out: str | None, named: list[str]) -> None:
        monkeypatch.setattr(socket, "socket", lambda *_: Probe(way_out))
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


def test_a_machine_alone_is_loopback(network) -> None:
    network(None, ["127.0.1.1"])
    assert own_address.own_address() == "127.0.0.1"


def test_what_is_set_goes_before_what_is_listened_on(network) -> None:
    network("192.0.2.7", [])
    assert own_address.advertised("broker.example", "0.0.0.0") == "broker.example"
    assert own_address.advertised("", "10.0.0.1") == "10.0.0.1"
    assert own_address.advertised("", "0.0.0.0") == "192.0.2.7"
