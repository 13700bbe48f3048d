import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.remoting.proxy_header import (
    V2_START,
    ProxyHeaderError,
    may_begin_with,
    parse,
)

TCP4 = b"PROXY TCP4 203.0.113.7 192.0.2.9 4711 10911\r\n"
TCP6 = b"PROXY TCP6 2001:db8::7 2001:db8::9 4711 10911\r\n"


def v2(command: int, family: int, addresses: bytes) -> bytes:
    head = bytes([0x20 | command, family << 4 | 1])
    return V2_START + head + len(addresses).to_bytes(2) + addresses


V2_TCP4 = v2(
    1,
    1,
    bytes([203, 0, 113, 7, 192, 0, 2, 9]) + (4711).to_bytes(2) + (10911).to_bytes(2),
)
V2_TCP6 = v2(
    1,
    2,
    socket.inet_pton(socket.AF_INET6, "2001:db8::7") * 2
    + (4711).to_bytes(2)
    + (10911).to_bytes(2)
    + b"\x04\x00\x01x",
)


@pytest.mark.parametrize(
    ("data", "peer"),
    [
        (TCP4, ("203.0.113.7", 4711)),
        (TCP6, ("2001:db8::7", 4711)),
        (b"PROXY UNKNOWN\r\n", None),
        (b"PROXY UNKNOWN ffff:: ffff:: 1 2\r\n", None),
        (V2_TCP4, ("203.0.113.7", 4711)),
        (V2_TCP6, ("2001:db8::7", 4711)),
        (v2(0, 0, b""), None),
        (v2(1, 3, bytes(216)), None),
    ],
)
def test_who_is_behind_the_proxy(data, peer):
    for end in range(len(data)):
        assert may_begin_with(data[:end])
        assert parse(data[:end]) is None
    header = parse(data + b"rest")
    assert header is not None
    assert (header.size, header.peer) == (len(data), peer)


@pytest.mark.parametrize(
    "data",
    [
        b"PROXY TCP4 203.0.113.7\r\n",
        b"PROXY TCP4 name 192.0.2.9 1 2\r\n",
        b"PROXY TCP4 203.0.113.7 192.0.2.9 99999 2\r\n",
        b"PROXY TCP4 203.0.113.7 192.0.2.9 -1 2\r\n",
        b"PROXY TCP5 203.0.113.7 192.0.2.9 1 2\r\n",
        b"PROXY \xff\xff 203.0.113.7 192.0.2.9 1 2\r\n",
        b"PROXY " + b"x" * 200,
        V2_START + b"\x11\x11\x00\x0c" + bytes(12),
        V2_START + b"\x22\x11\x00\x0c" + bytes(12),
        V2_START + b"\x21\x11\xff\xff",
        v2(1, 1, bytes(4)),
    ],
)
def test_a_header_that_is_none_is_refused(data):
    with pytest.raises(ProxyHeaderError):
        parse(data)


@pytest.mark.parametrize("data", [b"\x00\x00\x00\x10", b"\x16\x03", b"POST", b"\r\nx"])
def test_other_beginnings_are_known_at_once(data):
    assert not may_begin_with(data)


@given(st.sampled_from([b"PROXY ", V2_START]), st.binary(max_size=300))
def test_any_bytes_give_a_header_an_error_or_a_wait(start, data):
    try:
        header = parse(start + data)
    except ProxyHeaderError:
        return
    assert header is None or header.size <= len(start + data)
