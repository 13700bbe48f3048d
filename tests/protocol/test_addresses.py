import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.protocol.addresses import format_address, pack, parse_address, unpack
from twistedmq.protocol.errors import FieldError

v4 = st.ip_addresses(v=4).map(str)
v6 = st.ip_addresses(v=6).map(str).filter(lambda host: not host.startswith("::ffff:"))
hosts = v4 | v6
ports = st.integers(0, 65535)


@given(hosts, ports)
def test_what_is_packed_is_unpacked(host: str, port: int) -> None:
    packed = pack(host, port)
    assert len(packed) in (8, 20)
    again, same_port = unpack(packed)
    assert ipaddress.ip_address(again) == ipaddress.ip_address(host)
    assert same_port == port


@given(hosts, ports)
def test_what_is_formatted_is_parsed(host: str, port: int) -> None:
    assert parse_address(format_address(host, port)) == (host, port)


def test_forms() -> None:
    assert pack("127.0.0.2", 10911) == b"\x7f\0\0\x02\0\0\x2a\x9f"
    assert pack("::ffff:127.0.0.2", 10911) == pack("127.0.0.2", 10911)
    assert pack("fe80::1%eth0", 1) == pack("fe80::1", 1)
    assert format_address("::1", 1) == "[::1]:1"
    assert parse_address(" broker.example:1 ") == ("broker.example", 1)
    assert parse_address("::1:9876") == ("::1", 9876)


@pytest.mark.parametrize("host", ["", "localhost", "1.2.3", "1.2.3.4.5", ":::", "\0"])
def test_a_host_that_is_no_address_is_refused(host: str) -> None:
    with pytest.raises(FieldError):
        pack(host, 1)


@pytest.mark.parametrize("packed", [b"", bytes(7), bytes(19), bytes(21)])
def test_other_lengths_are_refused(packed: bytes) -> None:
    with pytest.raises(FieldError):
        unpack(packed)


@pytest.mark.parametrize(
    "text", ["", "a", "a:", ":1", "a:b", "a:65536", "a:-1", "a:1²"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(FieldError):
        parse_address(text)
