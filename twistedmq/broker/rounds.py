"""What is done round after round, with a pause between them."""

from collections.abc import Callable
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure


class RoundsService(Service):
    """Goes round while it runs; subclasses say what that is, by ``_go_round``.

    A round that is long looks at ``running`` from time to time, and lets others in.

    Args:
        clock: when to begin a round, and to let others in.
        pause_ms: how long to pause; asked each time.
    """

    _log = Logger()

    def __init__(self, clock: Any, pause_ms: Callable[[], int]) -> None:
        self._clock = clock
        self._pause_ms = pause_ms
        self._next: IDelayedCall | None = None
        self._round: Deferred[None] | None = None

    async def _go_round(self) -> None:
        """Go round once. What it raises is logged, and the next round comes."""
        raise NotImplementedError

    def _failed(self, failure: Failure) -> None:
        self._log.failure("{service} failed", failure, service=self.name)

    def _rest(self) -> None:
        """Be told that a round is over, well or not."""

    def startService(self) -> None:
        """Begin a round after the pause, and another one after each."""
        super().startService()
        self._schedule()

    def stopService(self) -> Deferred[None]:
        """Begin no other round; fires when the one on its way has come to a stop."""
        super().stopService()
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if self._round is None:
            return succeed(None)
        stopped: Deferred[None] = Deferred()
        self._round.addCallback(lambda _: stopped.callback(None))
        return stopped

    def _let_others_in(self) -> Deferred[None]:
        waited: Deferred[None] = deferLater(self._clock, 0)
        return waited

    def _schedule(self) -> None:
        self._next = self._clock.callLater(self._pause_ms() / 1000, self._begin)

    def _begin(self) -> None:
        self._next = None
        self._round = Deferred.fromCoroutine(self._go_round())
        self._round.addErrback(self._failed).addCallback(self._ended)

    def _ended(self, _: None) -> None:
        self._round = None
        self._rest()
        if self.running:
            self._schedule()
