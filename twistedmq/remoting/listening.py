"""Listening sockets that exist before the reactor runs.

A program can so find out that a port is in use while it can still refuse to start.
"""

import errno
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, Protocol

from twistedmq.remoting.errors import PortInUseError

EVERY_ADDRESS = "0.0.0.0"
ANY = frozenset({EVERY_ADDRESS, "::", ""})
"""Ways to say every address, of both families."""

_TRIES = 5
_NO_IPV6 = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT})


class ListeningSocket(Protocol):
    """What is used of a socket that waits to be adopted by a reactor."""

    @property
    def family(self) -> int:
        """IPv4 or IPv6."""

    def fileno(self) -> int:
        """Give the number by which the reactor adopts it."""

    def getsockname(self) -> Any:
        """Give its address: host, port, ..."""

    def close(self) -> None:
        """Give the port back."""


Listen = Callable[[str, int, int], Sequence[ListeningSocket]]
"""Opens the sockets of (host, port, backlog), as ``listen`` does."""


def listen(host: str, port: int, backlog: int) -> list[socket.socket]:
    """Open the listening sockets of *host*; all have one port, chosen for 0.

    For every address (``0.0.0.0`` or ``::``) these are one of IPv4 and one of IPv6, the
    latter only where the machine has it.
    Raises: PortInUseError.
    """
    for tries_left in reversed(range(_TRIES)):
        try:
            return _listen_once(host, port, backlog)
        except OSError as error:
            # A port chosen for one family can be taken in the other.
            again = port == 0 and error.errno == errno.EADDRINUSE and tries_left
            if not again:
                reason = error.strerror or str(error)
                raise PortInUseError(host, port, reason) from None
    raise AssertionError("the last try returns or raises")


def _listen_once(host: str, port: int, backlog: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    with ExitStack() as undo:
        for family, address in _addresses(host):
            try:
                one = _open(family, address, port, backlog)
            except OSError as error:
                if sockets and error.errno in _NO_IPV6:
                    continue
                raise
            undo.callback(one.close)
            sockets.append(one)
            port = one.getsockname()[1]
        undo.pop_all()
    return sockets


def _addresses(host: str) -> list[tuple[int, str]]:
    if host in ANY:
        ipv6 = [(socket.AF_INET6, "::")] if socket.has_ipv6 else []
        return [(socket.AF_INET, EVERY_ADDRESS), *ipv6]
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys((family, str(at[0])) for family, *_, at in found))


def _open(family: int, address: str, port: int, backlog: int) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setblocking(False)
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows
            one.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind((address, port))
        one.listen(backlog)
    except OSError:
        one.close()
        raise
    return one
