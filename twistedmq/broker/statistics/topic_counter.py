"""What was sent to one topic. Source: BrokerStatsManager."""

from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Callable, Sequence
from operator import sub
from typing import Final

from twistedmq.broker.statistics.counter import Counter
from twistedmq.metrics.samples import Distribution

SIZE_BOUNDS: Final = (1024, 4096, 512 << 10, 1 << 20, 2 << 20, 4 << 20)
"""Those of rocketmq_message_size."""


def sizes_of(starts: Sequence[int], end: int) -> list[int]:
    """Give the sizes of records at *starts*, the last of which goes up to *end*."""
    return list(map(sub, (*starts[1:], end), starts))


class TopicCounter(Counter):
    """What was sent to one topic.

    How long the answers took is kept by queue only where one took a millisecond, or
    was asked about: the others count in ``answers``, which is one call a batch.
    """

    __slots__ = (
        "_latencies",
        "_make",
        "_slow",
        "_told",
        "answers",
        "kinds",
        "of_broker",
        "sizes",
    )

    def __init__(
        self,
        changed: list[Counter],
        now_s: float,
        of_broker: Counter,
        make: Callable[[], Counter],
    ) -> None:
        """Be part of *changed*, as a Counter is; *of_broker* counts the same.

        *make* gives a new counter for the answers of one queue.
        """
        super().__init__(changed, now_s)
        self.of_broker = of_broker
        self.sizes = [0] * (len(SIZE_BOUNDS) + 1)
        """Messages by size, between the bounds."""
        self.kinds: dict[str, list[int]] = {}
        """Messages and bytes of those that are not for delivery at once, by kind."""
        self.answers: Tally[int] = Tally()
        """By queue: sends that were answered."""
        self._make = make
        self._latencies: dict[int, Counter] = {}
        self._told: dict[int, int] = {}
        # By queue, since the last sample: the ms of all slow ones.
        self._slow: dict[int, int] = {}

    def add_sizes(self, starts: Sequence[int], end: int) -> None:
        """Count sizes of records at *starts*, up to *end*."""
        sizes = sizes_of(starts, end)
        at = bisect_left(SIZE_BOUNDS, min(sizes))
        if at == bisect_left(SIZE_BOUNDS, max(sizes)):
            self.sizes[at] += len(sizes)
        else:
            for each in sizes:
                self.sizes[bisect_left(SIZE_BOUNDS, each)] += 1

    def distribution(self) -> Distribution:
        """Give the sizes of the messages."""
        sizes = Distribution(SIZE_BOUNDS)
        sizes.counts, sizes.total = list(self.sizes), self.bytes
        return sizes

    def took(self, queue_id: int, calls: int, took_ms: int) -> None:
        """Count how long *calls* took together that are among ``answers`` already."""
        if queue_id not in self._latencies:
            self._latencies[queue_id] = self._make()
            self._told[queue_id] = self.answers[queue_id] - calls
        self._slow[queue_id] = self._slow.get(queue_id, 0) + took_ms
        if not self._is_noted:
            self.add(0, 0, 0)

    def latency(self, queue_id: int) -> Counter | None:
        """Give what is known of the answers of a queue; None if there was none."""
        self._settle()
        if queue_id in self.answers and queue_id not in self._latencies:
            self._latencies[queue_id] = self._make()
            self._told[queue_id] = self.answers[queue_id]
        return self._latencies.get(queue_id)

    def sample(self, now_s: float) -> None:
        """Take note of what was counted until now."""
        self._settle()
        super().sample(now_s)

    def _settle(self) -> None:
        """Count the answers where their times are kept."""
        for queue_id, latency in self._latencies.items():
            fresh = self.answers[queue_id] - self._told[queue_id]
            took_ms = self._slow.get(queue_id, 0)
            if fresh or took_ms:
                self._told[queue_id] += fresh
                latency.add(fresh, took_ms, 0)
        self._slow.clear()
