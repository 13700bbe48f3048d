"""Cold pulls of programs that pull by themselves: they wait before they are served.

Source: ColdDataPullRequestHoldService.
"""

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred

from twistedmq.broker.waiting import Waiting
from twistedmq.config.broker import BrokerLimits
from twistedmq.config.live import Live
from twistedmq.protocol.command import Reply
from twistedmq.remoting.interfaces import Request
from twistedmq.remoting.timer_wheel import Timer, TimerWheel

HOLD_S: Final = 3.0

Serve = Callable[[Request], Reply | Deferred[Reply]]


class _ColdPull:
    """One pull that waits."""

    __slots__ = ("answered", "connection", "request", "serve", "timer")

    def __init__(self, request: Request, serve: Serve) -> None:
        self.request = request
        self.serve = serve
        self.connection = request.connection
        self.answered: Deferred[Reply] = Deferred()
        self.timer: Timer | None = None


class ColdHolds:
    """Cold pulls that wait, and are served when their time is over."""

    def __init__(self, wheel: TimerWheel, limits: Live[BrokerLimits]) -> None:
        self._limits = limits
        self._pulls: dict[_ColdPull, None] = {}
        self._waiting: Waiting[_ColdPull] = Waiting(wheel, self._release, self._forget)

    def __len__(self) -> int:
        """Count the pulls that wait."""
        return len(self._pulls)

    def hold(self, request: Request, serve: Serve) -> Deferred[Reply] | None:
        """Have *request* wait, then give it to *serve*; None if too many wait."""
        if len(self._pulls) >= self._limits.value.max_held_pulls:
            return None
        pull = _ColdPull(request, serve)
        self._pulls[pull] = None
        self._waiting.add(pull, HOLD_S)
        return pull.answered

    def wake_all(self) -> None:
        """Serve all that wait now: the broker stops."""
        for pull in list(self._pulls):
            self._release(pull)

    def _release(self, pull: _ColdPull) -> None:
        if not self._forget(pull):
            return
        try:
            reply = pull.serve(pull.request)
        except Exception:
            pull.answered.errback()
            return
        if isinstance(reply, Deferred):
            reply.chainDeferred(pull.answered)
        else:
            pull.answered.callback(reply)

    def _forget(self, pull: _ColdPull) -> bool:
        if pull not in self._pulls:
            return False
        del self._pulls[pull]
        self._waiting.remove(pull)
        return True
