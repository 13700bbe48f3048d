"""How checkpoints and acks are written: those of one turn with one append.

Nothing is answered before what it vouches for is in the log and safe.
"""

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from twistedmq.broker.inner.message import InnerMessage
from twistedmq.broker.inner.writer import InnerWriter


class ReviveLog:
    """Keeps what is to be written until the turn is over."""

    def __init__(self, clock: Any, inner: InnerWriter) -> None:
        """Write by *inner*, in the next turn of *clock*."""
        self._clock = clock
        self._inner = inner
        self._messages: list[InnerMessage] = []
        self._waiting: list[Deferred[None]] = []

    def prepare(self, message: InnerMessage) -> InnerMessage:
        """Give what is to be added for *message*, which waits until its time.

        Raises: TwistedMQError, if it may not be stored.
        """
        return self._inner.divert(message)

    def add(self, prepared: Sequence[InnerMessage]) -> Deferred[None]:
        """Have messages written, none of them perhaps, behind all added before.

        Fires once all are safe; fails with the reason if they were not written.
        """
        if not self._waiting:
            self._clock.callLater(0, self.write)
        written: Deferred[None] = Deferred()
        self._messages += prepared
        self._waiting.append(written)
        return written

    def write(self) -> None:
        """Write what is kept, now."""
        messages, self._messages = self._messages, []
        waiting, self._waiting = self._waiting, []
        if not messages:
            self._fire(None, waiting)
            return
        try:
            safe = self._inner.safe(self._inner.write(messages))
        except Exception:  # each of those who wait is told, whatever it is
            self._fail(Failure(), waiting)
            return
        if safe is None:
            self._fire(None, waiting)
        else:
            safe.addCallbacks(self._fire, self._fail, (waiting,), {}, (waiting,), {})

    @staticmethod
    def _fire(_: None, waiting: list[Deferred[None]]) -> None:
        for written in waiting:
            written.callback(None)

    @staticmethod
    def _fail(failure: Failure, waiting: list[Deferred[None]]) -> None:
        for written in waiting:
            written.errback(failure)
