"""Many time-outs on one delayed call of the reactor.

A time-out is cheap to set and to cancel (a dictionary entry), and none is exact: it
fires with the first tick that is not before its time.
"""

import time
from collections.abc import Callable
from heapq import heappop, heappush
from math import ceil
from typing import Final

from twisted.internet.base import ReactorBase
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

_ROUNDING: Final = 0.001
"""Part of a tick by which the reactor's clock and ours may differ."""


def monotonic_of(reactor: IReactorTime) -> Callable[[], float]:
    """Give the clock that time-outs of *reactor* are measured with.

    The ``seconds`` of a real reactor follow the wall clock, so a step of that clock
    would fire or stall time-outs; a virtual clock is taken as it is.
    """
    return time.monotonic if isinstance(reactor, ReactorBase) else reactor.seconds


class Timer:
    """One time-out that was set."""

    __slots__ = ("_args", "_bucket", "_callback", "_wheel")

    def __init__(
        self,
        wheel: "TimerWheel",
        bucket: "dict[Timer, None]",
        callback: Callable[..., object],
        args: tuple[object, ...],
    ) -> None:
        self._wheel = wheel
        self._bucket = bucket
        self._callback = callback
        self._args = args
        bucket[self] = None

    def cancel(self) -> None:
        """Do not fire. Does nothing for one that fired or was cancelled."""
        if self in self._bucket:
            del self._bucket[self]
            self._wheel.forgot_one()

    def fire(self) -> None:
        """Call back."""
        self._callback(*self._args)


class TimerWheel:
    """Time-outs sorted into ticks; the reactor knows of the earliest tick only."""

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        tick_s: float = 0.1,
        monotonic: Callable[[], float] | None = None,
    ) -> None:
        """Tick every *tick_s* at most, on *clock*.

        *monotonic* says what time it is; by default what fits the clock.
        """
        self._clock = clock
        self._tick_s = tick_s
        self.now = monotonic or monotonic_of(clock)
        self._buckets: dict[int, dict[Timer, None]] = {}
        self._ticks: list[int] = []  # a heap of the keys of _buckets
        self._count = 0
        self._call: IDelayedCall | None = None
        self._call_tick = 0

    def __len__(self) -> int:
        """Count the time-outs that are set."""
        return self._count

    def schedule(
        self, delay_s: float, callback: Callable[..., object], *args: object
    ) -> Timer:
        """Have *callback* called with *args* in *delay_s*, or up to a tick later."""
        return self.at(self.tick_after(delay_s), callback, *args)

    def tick_after(self, delay_s: float) -> int:
        """Give the first tick that is not before *delay_s* from now."""
        return ceil((self.now() + delay_s) / self._tick_s - _ROUNDING)

    def at(self, tick: int, callback: Callable[..., object], *args: object) -> Timer:
        """Have *callback* called with *args* at *tick*."""
        bucket = self._buckets.get(tick)
        if bucket is None:
            bucket = self._buckets[tick] = {}
            heappush(self._ticks, tick)
        self._count += 1
        if self._call is None or tick < self._call_tick:
            self._arm()
        return Timer(self, bucket, callback, args)

    def forgot_one(self) -> None:
        """Be told by a timer that it was cancelled."""
        self._count -= 1
        if not self._count:
            self._buckets.clear()
            self._ticks.clear()
            self._disarm()

    def _arm(self) -> None:
        """Have the reactor call for the earliest tick."""
        self._disarm()
        self._call_tick = self._ticks[0]
        delay_s = max(0.0, self._call_tick * self._tick_s - self.now())
        self._call = self._clock.callLater(delay_s, self._fire_due)

    def _disarm(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _fire_due(self) -> None:
        """Fire all that is due, however many ticks were missed."""
        self._call = None
        due = int(self.now() / self._tick_s + _ROUNDING)
        buckets = []
        while self._ticks and self._ticks[0] <= due:
            buckets.append(self._buckets.pop(heappop(self._ticks)))
        for bucket in buckets:
            self._fire_all(bucket)
        if self._ticks and self._call is None:
            self._arm()

    def _fire_all(self, bucket: dict[Timer, None]) -> None:
        """Fire the timers of *bucket*, those excepted that others of it cancel."""
        while bucket:
            timer = next(iter(bucket))
            del bucket[timer]
            self._count -= 1
            try:
                timer.fire()
            except Exception:
                self._log.failure("a time-out failed")
