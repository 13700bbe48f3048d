"""A connection without a socket, to test handlers with."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from twisted.internet.defer import Deferred
from zope.interface import implementer

from twistedmq.protocol.addresses import pack, parse_address
from twistedmq.protocol.command import ONE_WAY_FLAG, Buffer, Command
from twistedmq.protocol.fields import encode_fields
from twistedmq.protocol.headers.base import Header
from twistedmq.remoting.errors import ConnectionLostError
from twistedmq.remoting.interfaces import IConnection, Request


class SentRequest(Struct):
    """A request that was sent over a FakeConnection."""

    code: int
    header: Header | None
    body: bytes
    timeout_s: float | None
    """None for a one-way request."""
    answer: Deferred[Command]
    """Fire it to answer: ``sent.answer.callback(Command(code=0))``."""


@implementer(IConnection)
class FakeConnection:
    """Keeps what is sent over it, and is answered by the test.

    Attributes:
        written: what went through ``write``, a piece a call.
        requests: what went through ``request``; fire their ``answer``.
        one_ways: what went through ``send_one_way``.
        close_reason: what ``close`` was called with; None while open.
    """

    def __init__(
        self, peer: str = "192.0.2.1:4711", local: str = "192.0.2.9:10911"
    ) -> None:
        """Be a connection from *peer* to *local*."""
        self.peer = peer
        self.packed_peer = pack(*parse_address(peer))
        self.local = local
        self.written: list[bytes] = []
        self.requests: list[SentRequest] = []
        self.one_ways: list[SentRequest] = []
        self.close_reason: str | None = None
        self._close_callbacks: list[Callable[[IConnection], None]] = []

    def request(
        self, code: int, header: Header | None, body: bytes, timeout_s: float
    ) -> Deferred[Command]:
        """Keep the request; the test fires its answer."""
        sent = SentRequest(code, header, body, timeout_s, Deferred())
        self.requests.append(sent)
        if self.close_reason is not None:
            sent.answer.errback(ConnectionLostError(self.peer, self.close_reason))
        return sent.answer

    def send_one_way(self, code: int, header: Header | None, body: bytes) -> None:
        """Keep the request."""
        self.one_ways.append(SentRequest(code, header, body, None, Deferred()))

    def write(self, data: bytes) -> None:
        """Keep *data*."""
        self.written.append(data)

    def cork(self) -> None:
        """Change nothing: ``written`` has a piece for each call all the same."""

    def uncork(self) -> None:
        """Change nothing."""

    def on_close(self, callback: Callable[[IConnection], None]) -> None:
        """Have *callback* called by ``close``."""
        self._close_callbacks.append(callback)

    def close(self, reason: str) -> None:
        """Be gone, as when the peer went away: unanswered requests fail."""
        if self.close_reason is not None:
            return
        self.close_reason = reason
        for sent in self.requests:
            if not sent.answer.called:
                sent.answer.errback(ConnectionLostError(self.peer, reason))
        callbacks, self._close_callbacks = self._close_callbacks, []
        for callback in callbacks:
            callback(self)


def make_request(
    code: int,
    header: Header | None = None,
    body: Buffer = b"",
    connection: IConnection | None = None,
    *,
    opaque: int = 1,
    one_way: bool = False,
    **command: Any,
) -> Request:
    """Make what a handler is given, as if it had come over *connection*."""
    fields = {} if header is None else encode_fields(header)
    command.setdefault("fields", fields)
    flag = ONE_WAY_FLAG if one_way else 0
    return Request(
        Command(code=code, opaque=opaque, flag=flag, body=body, **command),
        header,
        FakeConnection() if connection is None else connection,
    )
