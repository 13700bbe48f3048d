"""Host and port: packed as records hold them, and as text."""

from ipaddress import IPv6Address, ip_address

from twistedmq.protocol.errors import FieldError

IPV4_BYTES = 8
IPV6_BYTES = 20


def pack(host: str, port: int) -> bytes:
    """Give 4 or 16 address bytes and a 4-byte port; *host* is a numeric address.

    Raises:
        FieldError: *host* is no address.
    """
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        raise FieldError("address", f"{host!r} is no IPv4 or IPv6 address") from None
    # Sockets that take both families name an IPv4 peer ::ffff:10.0.0.1.
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.packed + port.to_bytes(4)


def unpack(packed: bytes) -> tuple[str, int]:
    """Give (host, port) of 8 or 20 packed bytes.

    Raises:
        FieldError: there are neither 8 nor 20 bytes.
    """
    if len(packed) == IPV4_BYTES:
        host = ".".join(map(str, packed[:4]))
    elif len(packed) == IPV6_BYTES:
        host = str(IPv6Address(packed[:16]))
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
