"""Work that is done in rounds: one at a time, when asked for, and again in time."""

from collections.abc import Coroutine
from typing import Any, Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.client.reactor import Clock

AFTER_TROUBLE_S = 1.0

_log = Logger()


class Work(Protocol):
    """What is done in a round."""

    def __call__(self) -> Coroutine[Deferred[Any], Any, bool]:
        """Do it; gives whether all is as it should be. An error is logged."""


class Rounds:
    """Begins a round when asked to, and soon again after one in which something failed.

    Args:
        work: what is done.
        clock: for the next round.
        name: what this is, for logs.
        period_s: after a round that went well the next one comes so much later; None:
            when somebody asks for it.
    """

    def __init__(
        self, work: Work, clock: Clock, name: str, period_s: float | None = None
    ) -> None:
        self._work = work
        self._clock = clock
        self._name = name
        self._period_s = period_s
        self._running = False
        self._in_round = False
        self._again = False
        self._waiting: list[Deferred[None]] = []
        """For the round that is under way."""
        self._waiting_for_next: list[Deferred[None]] = []
        self._next: IDelayedCall | None = None

    @property
    def running(self) -> bool:
        """Whether it was started, and not stopped."""
        return self._running

    def start(self) -> Deferred[None]:
        """Fires when the first round is over, whatever came of it."""
        self._running = True
        return self.round()

    def stop(self) -> Deferred[None]:
        """Begin no more rounds; fires when the one that is under way is over."""
        self._running = False
        self._again = False
        self._call_off()
        return self._over_after(self._waiting)

    def soon(self) -> None:
        """Begin a round now, or after the one that is under way."""
        if not self._running:
            return
        if self._in_round:
            self._again = True
            return
        self._call_off()
        self._in_round = True
        Deferred.fromCoroutine(self._work()).addCallbacks(self._over, self._broke)

    def round(self) -> Deferred[None]:
        """Fires when a round that begins from here on is over, whatever came of it."""
        waiting = self._waiting_for_next if self._in_round else self._waiting
        self.soon()
        return self._over_after(waiting)

    def _over_after(self, waiting: list[Deferred[None]]) -> Deferred[None]:
        if not self._in_round:
            return succeed(None)
        over: Deferred[None] = Deferred()
        waiting.append(over)
        return over

    def _over(self, good: bool) -> None:
        self._in_round = False
        done, self._waiting = self._waiting, self._waiting_for_next
        self._waiting_for_next = []
        if self._again:
            self._again = False
            self.soon()
        elif not self._running:
            done, self._waiting = done + self._waiting, []
        elif not good:
            self._next = self._clock.callLater(AFTER_TROUBLE_S, self.soon)
        elif self._period_s is not None:
            self._next = self._clock.callLater(self._period_s, self.soon)
        for each in done:
            each.callback(None)

    def _broke(self, failure: Failure) -> None:
        _log.failure("{name} failed", failure, name=self._name)
        self._over(good=False)

    def _call_off(self) -> None:
        if self._next is not None and self._next.active():
            self._next.cancel()
        self._next = None
