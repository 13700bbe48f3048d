"""How often and how fast the store is written and read. Source: StoreStatsService.

What answers within a millisecond, which is the rule, costs two additions.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from twistedmq.metrics.samples import Distribution

SPANS_S: Final = (10, 60, 600)
"""Over which rates are told."""
ROLL_S: Final = 60
"""After so long a new distribution of times is begun."""

CLASSES: Final = (
    "[<=0ms]",
    "[0~10ms]",
    "[10~50ms]",
    "[50~100ms]",
    "[100~200ms]",
    "[200~500ms]",
    "[500ms~1s]",
    "[1~2s]",
    "[2~3s]",
    "[3~4s]",
    "[4~5s]",
    "[5~10s]",
    "[10s~]",
)
_CLASS_BOUNDS: Final = (
    *(0, 9, 49, 99, 199, 499, 999),
    *(1999, 2999, 3999, 4999, 9999),
)
_FINE_BOUNDS: Final = (
    *range(21),
    *range(22, 51, 2),
    *range(55, 101, 5),
    *range(110, 201, 10),
    *range(250, 501, 50),
    *range(600, 1001, 100),
    *range(2000, 10_001, 1000),
)


class PutTimes:
    """How many ms the writes of a while took."""

    def __init__(self) -> None:
        self._instant = 0
        self._classes = Distribution(_CLASS_BOUNDS)
        self._fine = Distribution(_FINE_BOUNDS)

    def instant(self, calls: int) -> None:
        """Count *calls* that took no time worth mentioning."""
        self._instant += calls

    def add(self, took_ms: int, calls: int) -> None:
        """Count *calls* that took *took_ms* each."""
        self._classes.add(took_ms, calls)
        self._fine.add(took_ms, calls)

    def _settle(self) -> None:
        instant, self._instant = self._instant, 0
        self.add(0, instant)

    def quantile_ms(self, part: float) -> float:
        """Give what *part* of the writes did not exceed."""
        self._settle()
        return self._fine.quantile(part)

    def text(self) -> str:
        """Say how many there were of each class, as the tools show it."""
        self._settle()
        pairs = zip(CLASSES, self._classes.counts, strict=True)
        return "".join(f"{name}:{count} " for name, count in pairs)


class Throughput:
    """Counts writes and reads; sampled every second."""

    def __init__(
        self,
        seconds: Callable[[], float],
        puts: Callable[[], int],
        transferred: Callable[[], int],
    ) -> None:
        """Measure times with *seconds*.

        *puts* gives how many messages were stored, *transferred* how many were read.
        """
        self.seconds = seconds
        self.failed = 0
        """Writes that the store refused."""
        self.found = 0
        """Reads of a queue that found something."""
        self.missed = 0
        self.longest_put_ms = 0
        self.longest_get_ms = 0
        self._slowest_ms = 0
        self._puts = puts
        self._transferred = transferred
        self._times = PutTimes()
        self._last_times: PutTimes | None = None
        self._rolled_s = seconds()
        self._samples: deque[tuple[float, ...]] = deque(maxlen=SPANS_S[-1] + 1)
        self._samples.append(self._sample())

    def stored(self, began_s: float, calls: int, *, in_memory: bool = True) -> int:
        """Count *calls* that asked at *began_s* to store something, which is done.

        *in_memory*: it was not waited for the disk. Gives how many ms it took.
        """
        took_s = self.seconds() - began_s
        if took_s < 0.001:
            self._times.instant(calls)
            return 0
        took_ms = int(took_s * 1000)
        self._slowest_ms = max(self._slowest_ms, took_ms if in_memory else 0)
        self._times.add(took_ms, calls)
        self.longest_put_ms = max(self.longest_put_ms, took_ms)
        return took_ms

    def take_slowest_ms(self) -> int:
        """Give how long the slowest write to memory took since the last call."""
        slowest_ms, self._slowest_ms = self._slowest_ms, 0
        return slowest_ms

    def read(self, count: int, took_ms: int = 0) -> None:
        """Count a read that found *count* messages."""
        if count:
            self.found += 1
        else:
            self.missed += 1
        if took_ms > self.longest_get_ms:  # noqa: PLR1730 (once a read: no call)
            self.longest_get_ms = took_ms

    def tick(self) -> None:
        """Sample: to be called every second."""
        sample = self._sample()
        self._samples.append(sample)
        if sample[0] - self._rolled_s >= ROLL_S:
            self._rolled_s = sample[0]
            self._last_times, self._times = self._times, PutTimes()

    @property
    def times(self) -> PutTimes:
        """How long the writes of the last whole minute took, or of those so far."""
        return self._last_times or self._times

    def rates(self) -> dict[str, tuple[float, ...]]:
        """Give puts, found, missed and transferred a second over each span."""
        now = self._sample()
        columns: list[list[float]] = [[], [], [], []]
        for span_s in SPANS_S:
            before = self._samples[max(0, len(self._samples) - span_s)]
            passed_s = max(1.0, now[0] - before[0])
            for column, rates in enumerate(columns, 1):
                rates.append((now[column] - before[column]) / passed_s)
        names = ("puts", "found", "missed", "transferred")
        return dict(zip(names, map(tuple, columns), strict=True))

    def _sample(self) -> tuple[float, ...]:
        return (
            self.seconds(),
            self._puts(),
            self.found,
            self.missed,
            self._transferred(),
        )
