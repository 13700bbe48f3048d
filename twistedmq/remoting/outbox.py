"""The way out of a connection: gathers writes, sends at once where it can.

``transport.write`` waits for the next poll of the reactor, which costs more than the
rest of a small reply. So on plain TCP, while nothing is queued in the transport, the
socket is tried first and only what it did not take goes to the transport. Every other
transport is written to in the ordinary way.
"""

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import IPushProducer
from twisted.internet.tcp import Connection as TcpConnection
from zope.interface import implementer

from twistedmq.protocol.command import Buffer
from twistedmq.remoting.capabilities import Capabilities

_JOIN_BELOW_BYTES: Final = 65_536
_SHORT_PIECE_BYTES: Final = 4_096
"""Copying less than this in all, or pieces that are shorter than this on average, into
one piece is cheaper than handing over pieces."""

_PIECES_AT_ONCE: Final = 512
"""Pieces in one ``sendmsg``; systems allow 1024 (IOV_MAX), some less."""


@implementer(IPushProducer)
class Outbox:
    """Sends buffers over a transport, in order, and knows how much is not sent.

    It is the transport's producer, which is how it learns that the queue there is long
    (then ``on_choked`` is called, once) and that it is empty again (``on_drained``).
    """

    def __init__(
        self,
        transport: Any,
        capabilities: Capabilities,
        *,
        choke_at_bytes: int,
        overflow_at_bytes: int,
        on_choked: Callable[[], None],
        on_drained: Callable[[], None],
        on_overflow: Callable[[], None],
    ) -> None:
        """Send over *transport*, whose producer this becomes."""
        self._transport = transport
        self._gather = capabilities.gather
        self._choke_at_bytes = choke_at_bytes
        self._overflow_at_bytes = overflow_at_bytes
        self._on_choked = on_choked
        self._on_drained = on_drained
        self._on_overflow = on_overflow
        self._carrier = _carrier_of(transport)
        direct = capabilities.direct_send and transport is self._carrier
        self._direct: Any = self._carrier if direct else None
        self._corks = 0
        self._corked: list[Buffer] | None = None
        self._choked = False
        self._closed = False
        self._handed_bytes = 0
        self._estimate_bytes = 0
        transport.registerProducer(self, True)

    def cork(self) -> None:
        """Keep what is written until ``uncork``, then send it with one write.

        May be called again meanwhile: the last ``uncork`` counts.
        """
        self._corks += 1
        if self._corks == 1:
            self._corked = []

    def uncork(self) -> None:
        """Send what was kept."""
        self._corks -= 1
        if not self._corks:
            self._send_kept()

    def _send_kept(self) -> None:
        buffers, self._corked = self._corked, None
        if buffers:
            self.write_all(buffers)

    def write(self, data: Buffer) -> None:
        """Send *data* behind everything written before."""
        if self._corked is not None:
            self._corked.append(data)
        elif not self._closed:
            self._send(data)

    def write_all(self, buffers: list[Buffer]) -> None:
        """Send *buffers*, one behind the other, behind everything written before."""
        if self._corked is not None:
            self._corked += buffers
        elif self._closed:
            return
        elif len(buffers) == 1:
            self._send(buffers[0])
        elif self._gather and self._is_free and _is_long(buffers):
            self._send_pieces(buffers)
        else:
            self._send(b"".join(buffers))

    @property
    def unsent_bytes(self) -> int:
        """How much waits in the transport; an estimate where that cannot be seen."""
        carrier = self._carrier
        if carrier is None:
            return self._estimate_bytes
        queued: int = len(carrier.dataBuffer) - carrier.offset + carrier._tempDataLen
        return queued

    @property
    def taken_bytes(self) -> int:
        """How much of what went to the transport left it: grows while it moves."""
        return self._handed_bytes - self.unsent_bytes

    def close(self) -> None:
        """Close the transport once everything is sent."""
        if self._corked:
            self._send_kept()
            self._corked = []
        if not self._closed:
            self._closed = True
            # A transport with a producer would wait for more from it.
            self._transport.unregisterProducer()
            self._transport.loseConnection()

    def abort(self) -> None:
        """Close the transport at once and forget what is not sent."""
        self._closed = True
        self._transport.abortConnection()

    def pauseProducing(self) -> None:
        """Be told that the transport's queue is long."""
        if not self._estimate_bytes:
            self._estimate_bytes = self._transport_mark
        if not self._choked and self.unsent_bytes >= self._choke_at_bytes:
            self._choked = True
            self._on_choked()

    def resumeProducing(self) -> None:
        """Be told that the transport's queue is empty."""
        self._estimate_bytes = 0
        if self._choked:
            self._choked = False
            self._on_drained()

    def stopProducing(self) -> None:
        """Be told that the transport is gone."""
        self._closed = True

    @property
    def _transport_mark(self) -> int:
        return getattr(self._transport, "bufferSize", self._choke_at_bytes)

    @property
    def _is_free(self) -> bool:
        """Whether the socket may be written to without overtaking anything."""
        direct = self._direct
        return not (
            direct is None
            or direct._tempDataLen
            or direct.dataBuffer
            or direct.disconnecting
            or not direct.connected
        )

    def _send(self, data: Buffer) -> None:
        if self._is_free:
            try:
                sent = self._direct.socket.send(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                self.abort()
                return
            if sent == len(data):
                return
            data = memoryview(data)[sent:]
        self._hand_over(data)

    def _send_pieces(self, buffers: list[Buffer]) -> None:
        for first in range(0, len(buffers), _PIECES_AT_ONCE):
            pieces = buffers[first : first + _PIECES_AT_ONCE]
            try:
                sent = self._direct.socket.sendmsg(pieces)
            except BlockingIOError:
                sent = 0
            except OSError:
                self.abort()
                return
            if sent < sum(map(len, pieces)):
                rest = _after(buffers[first:], sent)
                self._hand_over(b"".join(rest))
                return

    def _hand_over(self, data: Buffer) -> None:
        """Give *data* to the transport, which wants it as bytes."""
        self._handed_bytes += len(data)
        if self._estimate_bytes:
            self._estimate_bytes += len(data)
        self._transport.write(data if isinstance(data, bytes) else bytes(data))
        if self.unsent_bytes > self._overflow_at_bytes:
            self._on_overflow()


def _carrier_of(transport: Any) -> Any:
    """Find the TCP connection below *transport*; None if there is none to be seen."""
    below = transport
    while below is not None and not isinstance(below, TcpConnection):
        below = getattr(below, "transport", None)
    return None if below is None or below.TLS else below


def _is_long(buffers: list[Buffer]) -> bool:
    size = sum(map(len, buffers))
    return size > max(_JOIN_BELOW_BYTES, _SHORT_PIECE_BYTES * len(buffers))


def _after(buffers: list[Buffer], sent: int) -> list[Buffer]:
    """Give what is left of *buffers* behind the first *sent* bytes."""
    for index, buffer in enumerate(buffers):
        if sent < len(buffer):
            return [memoryview(buffer)[sent:], *buffers[index + 1 :]]
        sent -= len(buffer)
    return []
