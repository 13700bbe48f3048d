"""The address that others can reach this machine by."""

import socket

from twistedmq.remoting.listening import ANY

LOOPBACK = "127.0.0.1"
_ANYWHERE = ("192.0.2.1", 9)
_ANYWHERE_IPV6 = ("2001:db8::1", 9)
"""Addresses set aside for documentation; nothing is sent there."""


def own_address() -> str:
    """Give the address that packets to other machines would leave from.

    The first one that is not loopback where there is no way out; then that of IPv6;
    loopback at last.
    """
    return (
        _way_out(socket.AF_INET, _ANYWHERE)
        or _of_the_name()
        or _way_out(socket.AF_INET6, _ANYWHERE_IPV6)
        or LOOPBACK
    )


def _way_out(family: int, anywhere: tuple[str, int]) -> str | None:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(anywhere)
            address: str = probe.getsockname()[0]
    except OSError:
        return None
    return None if address in {LOOPBACK, "::1", *ANY} else address


def _of_the_name() -> str | None:
    try:
        found = socket.gethostbyname_ex(socket.gethostname())[2]
    except OSError:
        return None
    return next((a for a in found if not a.startswith("127.")), None)


def advertised(wanted: str, listen_host: str) -> str:
    """Give the address to tell: the one that is set, or that is listened on."""
    if wanted:
        return wanted
    if listen_host in ANY:
        return own_address()
    return listen_host
