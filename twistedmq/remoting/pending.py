"""Own requests that wait for their answers."""

from collections.abc import Callable
from functools import partial

from twisted.internet.defer import Deferred

from twistedmq.protocol.command import Command
from twistedmq.remoting.errors import RequestTimeoutError, TooManyRequestsError
from twistedmq.remoting.timer_wheel import Timer, TimerWheel


class PendingRequests:
    """Gives each request its opaque number and its answer, or a time-out.

    Attributes:
        waiting: requests without an answer; looked at with every read.
    """

    def __init__(
        self,
        wheel: TimerWheel,
        limit: int,
        on_time_out: Callable[[], None] = lambda: None,
    ) -> None:
        """Wait for *limit* answers at most; *on_time_out* hears of those that fail."""
        self._wheel = wheel
        self._on_time_out = on_time_out
        self._limit = limit
        self._last_opaque = 0
        self.waiting: dict[int, tuple[Deferred[Command], Timer]] = {}

    def __len__(self) -> int:
        """Count the requests without an answer."""
        return len(self.waiting)

    def next_opaque(self) -> int:
        """Give the number of the next request."""
        self._last_opaque = self._last_opaque % 0x7FFF_FFFF + 1
        return self._last_opaque

    def wait(
        self, opaque: int, peer: str, code: int, timeout_s: float
    ) -> Deferred[Command]:
        """Give what fires with the answer to request *opaque*.

        Fails with RequestTimeoutError; cancelling it forgets the request.
        Raises: TooManyRequestsError.
        """
        if len(self.waiting) >= self._limit:
            raise TooManyRequestsError(peer, self._limit)
        answer: Deferred[Command] = Deferred(partial(self._forget, opaque))
        error = (peer, code, timeout_s)
        timer = self._wheel.schedule(timeout_s, self._time_out, opaque, error)
        self.waiting[opaque] = answer, timer
        return answer

    def answer(self, response: Command) -> None:
        """Hand *response* to who waits for it; one that comes too late is dropped."""
        waiting = self.waiting.pop(response.opaque, None)
        if waiting is not None:
            answer, timer = waiting
            timer.cancel()
            answer.callback(response)

    def fail_all(self, make_error: Callable[[], Exception]) -> None:
        """Fail all that wait, each with an error of its own."""
        failed = list(self.waiting.values())
        self.waiting.clear()
        for answer, timer in failed:
            timer.cancel()
            answer.errback(make_error())

    def _time_out(self, opaque: int, error: tuple[str, int, float]) -> None:
        answer, _ = self.waiting.pop(opaque)
        self._on_time_out()
        answer.errback(RequestTimeoutError(*error))

    def _forget(self, opaque: int, _answer: Deferred[Command]) -> None:
        waiting = self.waiting.pop(opaque, None)
        if waiting is not None:
            waiting[1].cancel()
