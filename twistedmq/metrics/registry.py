"""All figures of one server, asked for when somebody wants to see them."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Final

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from twistedmq.metrics.samples import Metric, MetricSource, Sample, Samples

AT_ONCE: Final = 100
"""So many figures are collected before the reactor gets its turn."""


class Family(Struct):
    """All figures of one kind."""

    metric: Metric
    samples: list[tuple[dict[str, str], Sample]]
    """Each with all its labels."""


class MetricsRegistry:
    """Knows who gives which figures."""

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        labels: Callable[[], Mapping[str, str]],
        most: Callable[[], int] = lambda: 2**31,
    ) -> None:
        """Put *labels* on each figure.

        *most* is how many figures of one kind are shown; others are left out.
        """
        self._clock = clock
        self._labels = labels
        self._most = most
        self._sources: list[MetricSource] = []
        self._failing: set[MetricSource] = set()

    def add(self, sources: Iterable[MetricSource]) -> None:
        """Show what *sources* give, too."""
        self._sources.extend(sources)

    async def collect(self) -> list[Family]:
        """Ask all sources; one that fails is left out, and said in the log once."""
        families: dict[str, Family] = {}
        for source in self._sources:
            try:
                found = await self._of(source)
            except Exception:
                if source not in self._failing:
                    self._log.failure(
                        "figures cannot be shown: {source}", source=source
                    )
                self._failing.add(source)
                continue
            self._failing.discard(source)
            for name, family in found.items():
                known = families.setdefault(name, family)
                if known is not family:
                    room = max(0, self._most() - len(known.samples))
                    known.samples.extend(family.samples[:room])
        return list(families.values())

    async def _of(self, source: MetricSource) -> dict[str, Family]:
        """Ask one source."""
        common, most = dict(self._labels()), self._most()
        families: dict[str, Family] = {}
        async for sample in self._in_slices(source()):
            metric = sample.metric
            family = families.get(metric.name)
            if family is None:
                family = families[metric.name] = Family(metric, [])
            if len(family.samples) < most:
                labels = dict(zip(metric.labels, sample.labels, strict=True))
                family.samples.append((labels | common, sample))
        return families

    async def _in_slices(self, samples: Samples) -> AsyncIterator[Sample]:
        """Let the reactor do something else now and then."""
        if isinstance(samples, Iterable):
            samples = _each(samples)
        count = 0
        async for sample in samples:
            yield sample
            count += 1
            if not count % AT_ONCE:
                await self._a_turn()

    def _a_turn(self) -> Deferred[None]:
        done: Deferred[None] = Deferred()
        self._clock.callLater(0, done.callback, None)
        return done


async def _each(samples: Iterable[Sample]) -> AsyncIterator[Sample]:
    for sample in samples:
        yield sample
