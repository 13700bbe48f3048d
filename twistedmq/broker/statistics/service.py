"""Samples what is counted, every second, and measures how late the reactor is."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.statistics.counter import SAMPLE_S
from twistedmq.broker.statistics.days import Days
from twistedmq.metrics.samples import Distribution

TICK_S: Final = 1.0
AT_ONCE: Final = 100
"""Steps of sampling before the reactor gets its turn: half a millisecond."""

LATE_BOUNDS_S: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class StatisticsService(Service):
    """Ticks while the broker runs.

    Args:
        clock: calls back.
        seconds: the monotonic clock.
        counters: sampled every ten seconds, those that have changed; and their
            throughput every second.
        days: told of each tick, so that it notices midnight.

    Attributes:
        lateness: by how many seconds ticks came too late: what the reactor was busy
            with for so long, everybody waited for.
    """

    def __init__(
        self,
        clock: IReactorTime,
        seconds: Callable[[], float],
        counters: BrokerCounters,
        days: Days,
    ) -> None:
        self.lateness = Distribution(LATE_BOUNDS_S)
        self._clock = clock
        self._seconds = seconds
        self._counters = counters
        self._days = days
        self._ticks = 0
        self._tick_call: IDelayedCall | None = None
        self._sample_call: IDelayedCall | None = None
        self._due_s = 0.0

    def startService(self) -> None:
        """Begin to tick."""
        super().startService()
        self._due_s = self._seconds() + TICK_S
        self._tick_call = self._clock.callLater(TICK_S, self._tick)

    def stopService(self) -> None:
        """Tick no more."""
        super().stopService()
        for call in (self._tick_call, self._sample_call):
            if call is not None:
                call.cancel()
        self._tick_call = self._sample_call = None

    def _tick(self) -> None:
        now_s = self._seconds()
        self.lateness.add(max(0.0, now_s - self._due_s))
        self._counters.throughput.tick()
        self._days.tick()
        self._ticks += 1
        self._due_s = now_s + TICK_S
        self._tick_call = self._clock.callLater(TICK_S, self._tick)
        if self._ticks % SAMPLE_S == 0 and self._sample_call is None:
            self._sample(self._counters.sampling())

    def _sample(self, steps: Iterator[None]) -> None:
        self._sample_call = None
        if sum(1 for _ in islice(steps, AT_ONCE)) == AT_ONCE:
            self._sample_call = self._clock.callLater(0, self._sample, steps)
