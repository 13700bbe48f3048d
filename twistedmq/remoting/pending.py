"""Own requests that wait for their answers."""

from collections.abc import Callable

from msgspec import Struct
from twisted.python.failure import Failure

from twistedmq.protocol.command import Command
from twistedmq.remoting.errors import RequestTimeoutError, TooManyRequestsError
from twistedmq.remoting.timer_wheel import Timer, TimerWheel

Answered = Callable[[Command], None]
"""Takes the answer in. Must not raise."""

Failed = Callable[[Failure], None]
"""Takes in that there is none. Must not raise."""


class _Due:
    """Requests whose time is over with the same tick: they share a timer."""

    __slots__ = ("opaques", "timer")

    def __init__(self) -> None:
        self.opaques: dict[int, None] = {}
        self.timer: Timer | None = None


class _Waiting(Struct):
    """A request without an answer."""

    answered: Answered
    failed: Failed
    due: _Due
    peer: str
    code: int
    timeout_s: float


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
        self._due: dict[int, _Due] = {}
        self.waiting: dict[int, _Waiting] = {}

    def __len__(self) -> int:
        """Count the requests without an answer."""
        return len(self.waiting)

    def next_opaque(self) -> int:
        """Give the number of the next request."""
        self._last_opaque = self._last_opaque % 0x7FFF_FFFF + 1
        return self._last_opaque

    def expect(
        self,
        opaque: int,
        peer: str,
        code: int,
        timeout_s: float,
        answered: Answered,
        failed: Failed,
    ) -> bool:
        """Have one of both called once request *opaque* is decided.

        Fails with RequestTimeoutError; at once, and gives False, with
        TooManyRequestsError.
        """
        if len(self.waiting) >= self._limit:
            failed(Failure(TooManyRequestsError(peer, self._limit)))
            return False
        tick = self._wheel.tick_after(timeout_s)
        due = self._due.get(tick) or self._open(tick)
        due.opaques[opaque] = None
        self.waiting[opaque] = _Waiting(answered, failed, due, peer, code, timeout_s)
        return True

    def forget(self, opaque: int) -> None:
        """Wait for the answer to *opaque* no more; nobody is told."""
        self._take(opaque)

    def answer(self, response: Command) -> None:
        """Hand *response* to who waits for it; one that comes too late is dropped."""
        waiting = self._take(response.opaque)
        if waiting is not None:
            waiting.answered(response)

    def fail_all(self, make_error: Callable[[], Exception]) -> None:
        """Fail all that wait, each with an error of its own."""
        failed = list(self.waiting.values())
        self.waiting.clear()
        self._forget_due()
        for waiting in failed:
            waiting.failed(Failure(make_error()))

    def _open(self, tick: int) -> _Due:
        due = self._due[tick] = _Due()
        due.timer = self._wheel.at(tick, self._time_out, tick)
        return due

    def _take(self, opaque: int) -> _Waiting | None:
        """Give a request, and forget it."""
        waiting = self.waiting.pop(opaque, None)
        if waiting is not None:
            del waiting.due.opaques[opaque]
            if not self.waiting:
                self._forget_due()
        return waiting

    def _time_out(self, tick: int) -> None:
        for opaque in list(self._due.pop(tick).opaques):
            waiting = self._take(opaque)
            if waiting is None:
                continue  # who heard of the one before has given it up
            self._on_time_out()
            error = RequestTimeoutError(waiting.peer, waiting.code, waiting.timeout_s)
            waiting.failed(Failure(error))

    def _forget_due(self) -> None:
        due, self._due = self._due, {}
        for each in due.values():
            assert each.timer is not None
            each.timer.cancel()
