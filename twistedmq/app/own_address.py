"""The address that others can reach this machine by."""

import socket

LOOPBACK = "127.0.0.1"
_ANYWHERE = ("192.0.2.1", 9)
"""An address set aside for documentation; nothing is sent there."""


def own_address() -> str:
    """Give the address that packets to other machines would leave from.

    The first one that is not loopback where there is no way out; loopback at last.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ANYWHERE)
            address: str = probe.getsockname()[0]
        except OSError:
            return _of_the_name()
    return _of_the_name() if address in {LOOPBACK, "0.0.0.0"} else address


def _of_the_name() -> str:
    try:
        found = socket.gethostbyname_ex(socket.gethostname())[2]
    except OSError:
        return LOOPBACK
    return next((a for a in found if not a.startswith("127.")), LOOPBACK)


def advertised(wanted: str, listen_host: str) -> str:
    """Give the address to tell: the one that is set, or that is listened on."""
    if wanted:
        return wanted
    if listen_host in {"0.0.0.0", "::", ""}:
        return own_address()
    return listen_host
