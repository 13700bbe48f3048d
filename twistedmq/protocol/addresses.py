"""Host and port: packed as records hold them, and as text."""

import socket

from twistedmq.protocol.errors import FieldError

_MAPPED_IPV4 = "::ffff:"
IPV4_BYTES = 8
IPV6_BYTES = 20


def pack(host: str, port: int) -> bytes:
    """Give 4 or 16 address bytes and a 4-byte port; *host* is a numeric address.

    Raises:
        FieldError: *host* is no address.
    """
    # Sockets that take both families name an IPv4 peer in this form.
    if host.startswith(_MAPPED_IPV4) and "." in host:
        host = host[len(_MAPPED_IPV4) :]
    try:
        if ":" in host:
            packed = socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
        else:
            packed = socket.inet_pton(socket.AF_INET, host)
    except (OSError, ValueError):
        raise FieldError("address", f"{host!r} is no IPv4 or IPv6 address") from None
    return packed + port.to_bytes(4)


def unpack(packed: bytes) -> tuple[str, int]:
    """Give (host, port) of 8 or 20 packed bytes.

    Raises:
        FieldError: there are neither 8 nor 20 bytes.
    """
    if len(packed) == IPV4_BYTES:
        host = socket.inet_ntop(socket.AF_INET, packed[:4])
    elif len(packed) == IPV6_BYTES:
        host = socket.inet_ntop(socket.AF_INET6, packed[:16])
    else:
        raise FieldError("address", f"a packed address has 8 or 20, not {len(packed)}")
    return host, int.from_bytes(packed[-4:])


def format_address(host: str, port: int) -> str:
    """Give "10.0.0.1:9876" or "[::1]:9876"."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_address(text: str) -> tuple[str, int]:
    """Take "host:port" apart; an IPv6 host may stand in brackets.

    Raises:
        FieldError: there is no host, or no port from 0 to 65535.
    """
    host, _, port = text.strip().rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    digits = port if port.isascii() and port.isdigit() and len(port) <= 5 else ""
    if not host or not digits or int(port) > 65535:
        raise FieldError("address", f"{text!r} is not host:port")
    return host, int(port)
