"""How many messages wait, by topic: the genuine file ``timermetrics``.

Counted where a message goes into the wheel and where it comes out; one that calls
another back counts as one less. Source: TimerMetrics.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from twistedmq.metrics.samples import Distribution
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import DataVersion
from twistedmq.protocol.bodies.timers import TimerMetric, TimerMetricsBody
from twistedmq.protocol.errors import FieldError
from twistedmq.store.json_file import AtomicJsonFile

DELAY_BOUNDS_S: Final = (60, 600, 3600, 43_200, 86_400, 259_200)
"""Those of rocketmq_delay_message_latency."""


class TimerMetrics:
    """Numbers of waiting messages, and of those that came and went since the start.

    Args:
        wall_ms: the wall clock, for stamps.

    Attributes:
        placed: what went into the wheel, by topic; again where it rolled.
        delivered: what left the wheel and was stored, by topic; again where it rolled.
        delays: for how many seconds messages were to be delayed, by topic.
    """

    def __init__(self, wall_ms: Callable[[], int]) -> None:
        self._wall_ms = wall_ms
        self._topics: dict[str, TimerMetric] = {}
        self._version = DataVersion()
        self._is_changed = False
        self.placed: Counter[str] = Counter()
        self.delivered: Counter[str] = Counter()
        self.delays: dict[str, Distribution] = {}

    def came(self, delays: Mapping[str, Iterable[int]]) -> None:
        """Count what went into the wheel: by topic, the ms that each is delayed."""
        for topic, delays_ms in delays.items():
            known = self.delays.get(topic)
            if known is None:
                known = self.delays[topic] = Distribution(DELAY_BOUNDS_S)
            before = known.number
            for delay_ms in delays_ms:
                known.add(max(0, delay_ms // 1000))
            self.placed[topic] += known.number - before

    def add(self, counts: Mapping[str, int]) -> None:
        """Count so many more (or less) for each topic."""
        now_ms = self._wall_ms()
        for topic, count in counts.items():
            known = self._topics.get(topic)
            total = count + (known.count if known else 0)
            self._topics[topic] = TimerMetric(count=total, time_stamp=now_ms)
            self._is_changed = True
        self._version = self._version.next(now_ms)

    def count_of(self, topic: str) -> int:
        """Give how many messages of *topic* wait."""
        known = self._topics.get(topic)
        return known.count if known else 0

    def counts(self) -> dict[str, int]:
        """Give how many messages wait, by topic."""
        return {topic: metric.count for topic, metric in self._topics.items()}

    def forget_topic(self, topic: str) -> None:
        """Drop the count of a deleted topic."""
        for totals in (self.placed, self.delivered, self.delays):
            totals.pop(topic, None)
        if self._topics.pop(topic, None) is not None:
            self._is_changed = True

    def encode(self) -> bytes:
        """Give all as the file, and the answer to GET_TIMER_METRICS, hold it."""
        return loose_json.encode(
            TimerMetricsBody(data_version=self._version, timing_count=self._topics)
        )

    def load(self, file: AtomicJsonFile) -> None:
        """Take over what *file* holds.

        Raises: TornFileError.
        """
        data = file.load(_decode)
        if data is not None:
            held = _decode(data)
            self._topics, self._version = held.timing_count, held.data_version

    def take_changed(self) -> bytes | None:
        """Give what is to be written; None if nothing changed since the last call."""
        if not self._is_changed:
            return None
        self._is_changed = False
        return self.encode()


def _decode(data: bytes) -> TimerMetricsBody:
    try:
        return loose_json.decode(data, type=TimerMetricsBody)
    except FieldError as error:
        raise ValueError(str(error)) from error
