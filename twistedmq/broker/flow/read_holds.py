"""Requests that wait before they are served, since somebody reads too much.

Source: ColdDataPullRequestHoldService.
"""

from collections.abc import Callable

from twisted.internet.defer import Deferred

from twistedmq.broker.waiting import Waiting
from twistedmq.config.broker import BrokerLimits
from twistedmq.config.live import Live
from twistedmq.protocol.command import Reply
from twistedmq.remoting.interfaces import Request
from twistedmq.remoting.timer_wheel import Timer, TimerWheel

Serve = Callable[[Request], Reply | Deferred[Reply]]


class _HeldRead:
    """One request that waits."""

    __slots__ = ("answered", "connection", "request", "serve", "timer")

    def __init__(self, request: Request, serve: Serve) -> None:
        self.request = request
        self.serve = serve
        self.connection = request.connection
        self.answered: Deferred[Reply] = Deferred()
        self.timer: Timer | None = None


class ReadHolds:
    """Requests that wait, and are served when their time is over."""

    def __init__(self, wheel: TimerWheel, limits: Live[BrokerLimits]) -> None:
        self._limits = limits
        self._reads: dict[_HeldRead, None] = {}
        self._waiting: Waiting[_HeldRead] = Waiting(wheel, self._release, self._forget)

    def __len__(self) -> int:
        """Count the requests that wait."""
        return len(self._reads)

    def hold(
        self, request: Request, serve: Serve, wait_s: float
    ) -> Deferred[Reply] | None:
        """Have *request* wait, then give it to *serve*; None if too many wait."""
        if len(self._reads) >= self._limits.value.max_held_pulls:
            return None
        read = _HeldRead(request, serve)
        self._reads[read] = None
        self._waiting.add(read, wait_s)
        return read.answered

    def wake_all(self) -> None:
        """Serve all that wait now: the broker stops."""
        for read in list(self._reads):
            self._release(read)

    def _release(self, read: _HeldRead) -> None:
        if not self._forget(read):
            return
        try:
            reply = read.serve(read.request)
        except Exception:
            read.answered.errback()
            return
        if isinstance(reply, Deferred):
            reply.chainDeferred(read.answered)
        else:
            read.answered.callback(reply)

    def _forget(self, read: _HeldRead) -> bool:
        if read not in self._reads:
            return False
        del self._reads[read]
        self._waiting.remove(read)
        return True
