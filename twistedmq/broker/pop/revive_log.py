"""How checkpoints and acks are written: those of one turn with one append.

Nothing is answered before what it vouches for is in the log and safe.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from twistedmq.broker.inner.message import InnerMessage
from twistedmq.broker.inner.writer import InnerWriter
from twistedmq.remoting.interfaces import IConnection


class ReviveLog:
    """Keeps what is to be written until the turn is over."""

    def __init__(self, clock: Any, inner: InnerWriter) -> None:
        """Write by *inner*, in the next turn of *clock*."""
        self._clock = clock
        self._inner = inner
        self._messages: list[InnerMessage] = []
        self._waiting: list[Deferred[None]] = []
        self._connections: dict[IConnection, None] = {}

    def add(
        self, messages: Sequence[InnerMessage], connection: IConnection | None = None
    ) -> Deferred[None]:
        """Have messages written, none of them perhaps, behind all added before.

        Fires once all are safe; fails with the reason if they were not written. What
        is answered over *connection* then leaves together with what others answer.
        """
        if not self._waiting:
            self._clock.callLater(0, self.write)
        written: Deferred[None] = Deferred()
        self._messages += messages
        self._waiting.append(written)
        if connection is not None:
            self._connections[connection] = None
        return written

    def write(self) -> None:
        """Write what is kept, now."""
        messages, self._messages = self._messages, []
        asking = _Asking(self._waiting, self._connections)
        self._waiting, self._connections = [], {}
        if not messages:
            asking.fire(None)
            return
        try:
            safe = self._inner.safe(self._inner.write(messages))
        except Exception:  # each of those who wait is told, whatever it is
            asking.fail(Failure())
            return
        if safe is None:
            asking.fire(None)
        else:
            safe.addCallbacks(asking.fire, asking.fail)


class _Asking:
    """Those who wait for what was written in one turn."""

    def __init__(
        self, waiting: Sequence[Deferred[None]], connections: Iterable[IConnection]
    ) -> None:
        self._waiting = waiting
        self._connections = tuple(connections)

    def fire(self, _: None) -> None:
        """Tell them that it is safe."""
        for connection in self._connections:
            connection.cork()
        try:
            for written in self._waiting:
                written.callback(None)
        finally:
            for connection in self._connections:
                connection.uncork()

    def fail(self, failure: Failure) -> None:
        """Tell them why it was not written."""
        for written in self._waiting:
            written.errback(failure)
