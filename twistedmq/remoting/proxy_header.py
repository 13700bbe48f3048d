"""The PROXY protocol: a proxy says in front of the stream who is behind it.

Both versions, as HAProxy specifies them
(https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt). Pure.
"""

import socket
from struct import Struct
from typing import Final, NamedTuple

from twistedmq.protocol.addresses import pack
from twistedmq.protocol.errors import FieldError, FrameError

V1_START: Final = b"PROXY "
V2_START: Final = b"\r\n\r\n\x00\r\nQUIT\n"

_V1_MOST_BYTES: Final = 107
_V1_FAMILIES: Final = (b"TCP4", b"TCP6")
_V2_FIXED_BYTES: Final = 16
_V2_VERSION: Final = 2
_V2_LOCAL, _V2_PROXY = 0, 1
_V2_MOST_BYTES: Final = 4096
"""Longer is allowed by the format, but nobody sends it."""

_V2_TCP4: Final = Struct(">4s4sHH")
_V2_TCP6: Final = Struct(">16s16sHH")


class ProxyHeader(NamedTuple):
    """What a PROXY header said."""

    size: int
    """Bytes it takes at the front of the stream."""
    peer: tuple[str, int] | None
    """Host and port of who is behind the proxy; None where it speaks for itself."""


class ProxyHeaderError(FrameError):
    """A PROXY header that is none."""


def may_begin_with(data: bytes) -> bool:
    """Say whether a stream that begins with *data* can begin with a PROXY header."""
    return any(
        data.startswith(start) or start.startswith(data)
        for start in (V1_START, V2_START)
    )


def parse(data: bytes) -> ProxyHeader | None:
    """Read the header at the front of *data*; None if more of it has to come.

    *data* passes ``may_begin_with``.
    Raises: ProxyHeaderError.
    """
    if data.startswith(V1_START):
        return _parse_v1(data)
    if data.startswith(V2_START):
        return _parse_v2(data)
    return None


def _parse_v1(data: bytes) -> ProxyHeader | None:
    end = data.find(b"\r\n", 0, _V1_MOST_BYTES)
    if end < 0:
        if len(data) >= _V1_MOST_BYTES:
            raise ProxyHeaderError("a PROXY header has no end")
        return None
    words = data[len(V1_START) : end].split(b" ")
    if words[0] == b"UNKNOWN":
        return ProxyHeader(end + 2, None)
    if len(words) != 5 or words[0] not in _V1_FAMILIES:
        raise ProxyHeaderError("a PROXY header is not of version 1's form")
    _, source, _, port, _ = words
    return ProxyHeader(end + 2, _checked(source, port))


def _checked(host: bytes, port: bytes) -> tuple[str, int]:
    try:
        text, number = host.decode("ascii"), int(port)
        pack(text, number)
    except (ValueError, OverflowError, FieldError):
        raise ProxyHeaderError("a PROXY header names no address") from None
    if not 0 <= number <= 65535:
        raise ProxyHeaderError("a PROXY header names no port")
    return text, number


def _parse_v2(data: bytes) -> ProxyHeader | None:
    if len(data) < _V2_FIXED_BYTES:
        return None
    version, command = data[12] >> 4, data[12] & 15
    length = int.from_bytes(data[14:16])
    if version != _V2_VERSION or command not in (_V2_LOCAL, _V2_PROXY):
        raise ProxyHeaderError("a PROXY header is not of version 2's form")
    if length > _V2_MOST_BYTES:
        raise ProxyHeaderError(f"a PROXY header announces {length} bytes")
    size = _V2_FIXED_BYTES + length
    if len(data) < size:
        return None
    peer = _v2_peer(data[13] >> 4, data[_V2_FIXED_BYTES:size])
    return ProxyHeader(size, None if command == _V2_LOCAL else peer)


def _v2_peer(family: int, addresses: bytes) -> tuple[str, int] | None:
    if family not in (1, 2):  # unspecified, or a Unix socket
        return None
    layout = _V2_TCP4 if family == 1 else _V2_TCP6
    if len(addresses) < layout.size:
        raise ProxyHeaderError("a PROXY header is too short for its addresses")
    source, _, port, _ = layout.unpack_from(addresses)
    kind = socket.AF_INET if family == 1 else socket.AF_INET6
    return socket.inet_ntop(kind, source), port
