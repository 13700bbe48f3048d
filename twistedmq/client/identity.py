"""Who this client is: its address, and an id that no other client has."""

import os
import socket
import time

_ANYWHERE = ("10.255.255.255", 1)
LOOPBACK = "127.0.0.1"


def local_address() -> str:
    """Give the IPv4 address that this machine would reach others from.

    Nothing is sent: a UDP socket that is "connected" only looks its route up.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ANYWHERE)
            return str(probe.getsockname()[0])
        except OSError:
            return LOOPBACK


def client_id(instance_name: str | None = None, unit_name: str | None = None) -> str:
    """Give "ADDRESS@INSTANCE", with "@UNIT" where there is one.

    Without a name the instance is "PID#NANOSECONDS".

    Brokers tell the members of a group apart by it, and members sort by it.
    """
    instance = instance_name or f"{os.getpid()}#{time.monotonic_ns()}"
    unit = f"@{unit_name}" if unit_name else ""
    return f"{local_address()}@{instance}{unit}"
