"""What the machine can do for a fast send, found out once at start.

Everything here has an ordinary path beside it. ``TWISTEDMQ_PLAIN_IO=1`` in the
environment switches it all off, so that tests can run that path on any machine.
"""

import os
import socket
from collections.abc import Mapping

from msgspec import Struct


class Capabilities(Struct, frozen=True):
    """Which shortcuts an Outbox may take."""

    direct_send: bool
    """Try the socket before the transport's queue, which waits for the next poll."""
    gather: bool
    """Send many buffers with one ``sendmsg`` instead of joining them."""


PLAIN = Capabilities(direct_send=False, gather=False)


def detect(environ: Mapping[str, str] = os.environ) -> Capabilities:
    """Find out what can be done here."""
    if environ.get("TWISTEDMQ_PLAIN_IO"):
        return PLAIN
    return Capabilities(direct_send=True, gather=hasattr(socket.socket, "sendmsg"))
