import os
from ipaddress import IPv4Address

import pytest

from twistedmq.client import identity


def test_the_address_is_one() -> None:
    assert IPv4Address(identity.local_address())


def test_without_a_network_it_is_the_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_ANYWHERE", ("240.0.0.1:bad", 1))
    assert identity.local_address() == "127.0.0.1"


def test_no_two_ids_are_the_same() -> None:
    ids = {identity.client_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(f"@{os.getpid()}#" in each for each in ids)


def test_an_instance_may_have_a_name() -> None:
    assert identity.client_id("billing-1").endswith("@billing-1")
