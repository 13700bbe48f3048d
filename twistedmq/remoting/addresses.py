"""Addresses as transports and sockets name them."""

from typing import Final

from twisted.internet.interfaces import IAddress

UNKNOWN_HOST_PORT: Final = ("0.0.0.0", 0)


def host_port(address: IAddress) -> tuple[str, int]:
    """Give numeric host and port of a transport's address, zeros where it has none."""
    host, port = getattr(address, "host", None), getattr(address, "port", None)
    if isinstance(host, str) and isinstance(port, int):
        return host.partition("%")[0], port
    return UNKNOWN_HOST_PORT
