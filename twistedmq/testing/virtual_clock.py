"""Time that passes when a test says so, for reactors and for the time of day."""

import sys
from bisect import insort
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, Final

from twisted.internet.base import DelayedCall
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from zope.interface import implementer

LONG_S: Final = 600.0
"""More than this passes in leaps: nobody wants to see each tick of three days."""
LEAP_S: Final = 60.0
"""Below whatever a broker or name server takes for a sign that somebody died."""

Span = float | timedelta
"""Seconds, or a timedelta."""

_TIME: Final = attrgetter("time")


@implementer(IReactorTime)
class VirtualClock:
    """One clock for everything in a test: time-outs, and the time of day.

    Nothing passes by itself. Whatever is due runs at its own time, one after the other,
    so that five minutes look to all parts as five minutes would. Of a span that is
    longer than ten, all but the last ten pass in leaps of a minute; what is due within
    a leap runs at its end.

    Attributes:
        on_schedule: told when a call was scheduled.
        steps: how many calls were made so far: how much work a test was.
    """

    def __init__(self, start: datetime | None = None) -> None:
        """Begin at *start* (with a time zone), by default at the real time of day."""
        start = start or datetime.now(UTC)
        self._start_ms = round(start.timestamp() * 1000)
        self._now_s = 0.0
        self._calls: list[Any] = []
        """By ``time``; a call that was delayed since is moved when it comes up."""
        self.on_schedule: Callable[[], None] = lambda: None
        self.steps = 0
        self._running_in: object = None
        """The greenlet in which a call is being made: pytest-twisted goes on in another
        one while that call still lasts."""

    # what parts ask

    def seconds(self) -> float:
        """Give the seconds since the beginning."""
        return self._now_s

    def wall_ms(self) -> int:
        """Give the time of day in ms since the epoch."""
        return self._start_ms + round(self._now_s * 1000)

    def now(self) -> datetime:
        """Give the time of day."""
        return datetime.fromtimestamp(self.wall_ms() / 1000, UTC)

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> IDelayedCall:
        """Call after *delay* seconds, which cannot be below 0, as with any reactor."""
        if delay < 0:
            raise ValueError(f"delay is {delay}, not at least 0")
        call = DelayedCall(
            self._now_s + delay,
            callable,
            args,
            kw,
            self._calls.remove,
            self._moved,
            self.seconds,
        )
        insort(self._calls, call, key=_TIME)
        self.on_schedule()
        return call

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """Give what is to be called."""
        return tuple(self._calls)

    # what tests do

    def advance(self, span: Span) -> None:
        """Let so much time pass, and whatever is due in it run.

        Raises: RuntimeError, when called by something that this very clock runs: wait
        for ``Cluster.sleep`` there.
        """
        end = self._now_s + seconds_of(span)
        while end - self._now_s > LONG_S:
            self.leap(LEAP_S)
        while self.step(end):
            pass
        self._now_s = max(self._now_s, end)

    def step(self, limit: float) -> bool:
        """Make the next call if it is due by *limit*; False if there is none.

        Raises: RuntimeError, as ``advance``.
        """
        due = self.next_s()
        if due is None or due > limit:
            return False
        self._now_s = max(self._now_s, due)
        self._make(self._calls[0])
        return True

    def leap(self, seconds: float) -> None:
        """Let time pass at once, and then run what is due.

        What that leads to at once comes before what was due later: an answer is read
        before its time-out is looked at.
        """
        self._now_s += seconds
        while (due := self.next_s()) is not None and due <= self._now_s:
            self._make(self._calls[0])
            while (fresh := self._fresh()) is not None:
                self._make(fresh)

    def next_s(self) -> float | None:
        """Give when the next call is due, by ``seconds``; None if there is none."""
        calls = self._calls
        while calls:
            first = calls[0]
            if not first.delayed_time:
                due: float = first.time
                return due
            del calls[0]
            first.activate_delay()
            insort(calls, first, key=_TIME)
        return None

    def jump(self, span: Span) -> None:
        """Have the time of day jump, as when somebody sets the clock.

        Time-outs do not see that: they count seconds.
        """
        self._start_ms += round(seconds_of(span) * 1000)

    def _fresh(self) -> Any:
        """Give the first call that is due at this moment exactly, if there is one."""
        for call in self._calls:
            if call.time >= self._now_s:
                return call if call.getTime() <= self._now_s else None
        return None

    def _make(self, call: Any) -> None:
        here = _greenlet()
        if self._running_in is here:
            raise RuntimeError(
                "this is called by something that the virtual clock runs, and it "
                "cannot run on beneath that: await cluster.sleep(seconds) instead"
            )
        self._calls.remove(call)
        self.steps += 1
        call.called = 1
        outer, self._running_in = self._running_in, here
        try:
            call.func(*call.args, **call.kw)
        finally:
            self._running_in = outer

    def _moved(self, _call: object) -> None:
        """A call was moved to an earlier time."""
        self._calls.sort(key=_TIME)
        self.on_schedule()


def _greenlet() -> object:
    """Give the greenlet that this runs in; where nobody has imported them, the class
    of clocks stands for the only one there is.
    """
    greenlet = sys.modules.get("greenlet")
    return VirtualClock if greenlet is None else greenlet.getcurrent()


def seconds_of(span: Span) -> float:
    """Give a span in seconds."""
    return span.total_seconds() if isinstance(span, timedelta) else span
