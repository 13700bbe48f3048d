"""Figures that only this broker has: what it is busy with, and how late it is."""

from collections.abc import Callable, Iterator
from typing import Final

from twistedmq.broker.statistics.throughput import Throughput
from twistedmq.metrics.samples import Distribution, Sample, counter, gauge, histogram

LATENESS: Final = histogram(
    "twistedmq_reactor_lag_seconds",
    "By how much a call that was due every second came too late",
)
HELD: Final = gauge("twistedmq_held_pulls", "Pulls that wait for a message")
TIMERS: Final = gauge("twistedmq_timeouts", "Time-outs that are set")
READS: Final = counter("twistedmq_reads_total", "Reads of a queue", "result")
LATENCY: Final = gauge(
    "twistedmq_put_latency_ms",
    "What this part of the writes of the last minute did not exceed",
    "quantile",
)


class OwnFigures:
    """Gives them.

    Args:
        throughput: reads and writes.
        lateness: of the reactor.
        held_pulls: counts the pulls that wait.
        timers: counts the time-outs.
    """

    def __init__(
        self,
        throughput: Throughput,
        lateness: Distribution,
        *,
        held_pulls: Callable[[], int],
        timers: Callable[[], int],
    ) -> None:
        self._throughput = throughput
        self._lateness = lateness
        self._held_pulls = held_pulls
        self._timers = timers

    def samples(self) -> Iterator[Sample]:
        """Give today's figures."""
        throughput = self._throughput
        yield LATENESS.of(self._lateness)
        yield HELD.of(self._held_pulls())
        yield TIMERS.of(self._timers())
        yield READS.of(throughput.found, "found")
        yield READS.of(throughput.missed, "missed")
        for part in (0.5, 0.99, 0.999):
            yield LATENCY.of(throughput.times.quantile_ms(part), f"{part}")
