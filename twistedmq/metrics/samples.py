"""Kinds of figures, and single figures of them. Pure.

A capability says once what it shows, and gives the numbers when it is asked for them::

    WAITING = gauge("twistedmq_timers_waiting", "Messages whose time has not come.")

    def samples() -> Iterable[Sample]:
        yield WAITING.of(len(wheel))

``Capability(..., metrics=[samples])`` puts them on the page. Nothing is counted for
the page alone: what it shows is a number that is there anyway.
"""

from bisect import bisect_left
from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from typing import Final

from msgspec import Struct

COUNTER: Final = "counter"
GAUGE: Final = "gauge"
HISTOGRAM: Final = "histogram"


class Distribution:
    """How many values fell between which bounds; cheap enough to be kept up always."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        """*bounds* rise; a value belongs to the first one that it does not exceed."""
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        """One for each bound, and one for what is above all of them."""
        self.total: float = 0

    def add(self, value: float, times: int = 1) -> None:
        """Count *value*, which was seen so many *times*."""
        self.counts[self.slot(value)] += times
        self.total += value * times

    def slot(self, value: float) -> int:
        """Say in which of the counts *value* belongs."""
        return bisect_left(self.bounds, value)

    @property
    def number(self) -> int:
        """How many values were counted."""
        return sum(self.counts)

    def quantile(self, part: float) -> float:
        """Give a bound that *part* of the values do not exceed; 0 without values.

        Between two bounds the values are taken to lie evenly; of those above the last
        bound only that is known.
        """
        wanted, seen, low = self.number * part, 0.0, 0.0
        if not wanted:
            return 0.0
        for bound, count in zip(self.bounds, self.counts, strict=False):
            if count and seen + count >= wanted:
                return low + (bound - low) * (wanted - seen) / count
            seen, low = seen + count, bound
        return low


class Metric(Struct, frozen=True):
    """One kind of figure, as it is declared."""

    kind: str
    name: str
    meaning: str
    labels: tuple[str, ...] = ()
    """Names of the labels, beside those that every figure of a server has."""

    def of(self, value: float | Distribution, *labels: str) -> "Sample":
        """Give a figure of this kind; *labels* are values, in the order declared."""
        return Sample(self, value, labels)


class Sample(Struct, frozen=True):
    """One figure at the moment it was asked for."""

    metric: Metric
    value: float | Distribution
    labels: tuple[str, ...] = ()


Samples = Iterable[Sample] | AsyncIterable[Sample]
MetricSource = Callable[[], Samples]
"""Gives today's figures. One that has to wait for the store is an async generator."""


def counter(name: str, meaning: str, *labels: str) -> Metric:
    """Declare what only rises; *name* ends in ``_total``."""
    if not name.endswith("_total"):
        raise ValueError(f"the name of a counter ends in _total, {name} does not")
    return Metric(COUNTER, name, meaning, labels)


def gauge(name: str, meaning: str, *labels: str) -> Metric:
    """Declare what goes up and down."""
    return Metric(GAUGE, name, meaning, labels)


def histogram(name: str, meaning: str, *labels: str) -> Metric:
    """Declare what is given as a Distribution."""
    return Metric(HISTOGRAM, name, meaning, labels)
