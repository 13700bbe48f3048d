"""What batches over several topics brought, counted by topic a while later.

A batch over thirty topics has thirty counters to be found and added to, which takes
longer than to store it. Here it is a few calls for all of them; whoever wants to know
says ``settle`` first. Likewise how long answers took, which is counted by queue.
"""

from bisect import bisect_left
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from operator import sub

from twistedmq.broker.statistics.topic_counter import SIZE_BOUNDS, TopicCounter


class SendTallies:
    """Keeps sums by topic."""

    def __init__(self, counter_of: Callable[[str], TopicCounter]) -> None:
        """*counter_of* gives the counter of a topic, which may be new."""
        self._counter_of = counter_of
        self._places: Tally[tuple[str, int]] = Tally()
        self._bytes: defaultdict[str, int] = defaultdict(int)
        self._by_size: list[Tally[str]] = [Tally() for _ in (*SIZE_BOUNDS, None)]
        self._by_ms: defaultdict[int, Tally[tuple[str, int]]] = defaultdict(Tally)

    def add(
        self,
        topics: Sequence[str],
        starts: Sequence[int],
        end: int,
        places: Iterable[tuple[str, int]],
    ) -> None:
        """Count records of *topics* at *starts*, the last of which goes up to *end*.

        *places* are topic and queue id of the calls that brought them, one each.
        """
        self._places.update(places)
        sizes = list(map(sub, (*starts[1:], end), starts))
        in_all = self._bytes
        for topic, size in zip(topics, sizes, strict=True):
            in_all[topic] += size
        at = bisect_left(SIZE_BOUNDS, min(sizes))
        if at == bisect_left(SIZE_BOUNDS, max(sizes)):
            self._by_size[at].update(topics)
            return
        for topic, size in zip(topics, sizes, strict=True):
            self._by_size[bisect_left(SIZE_BOUNDS, size)][topic] += 1

    def took(self, places: Iterable[tuple[str, int]], took_ms: int) -> None:
        """Count how long the answers to calls took, of those counted already."""
        self._by_ms[took_ms].update(places)

    def settle(self) -> None:
        """Count everything where it belongs."""
        if self._bytes:
            self._settle_sends()
        for took_ms, tally in self._by_ms.items():
            for (topic, queue_id), calls in tally.items():
                self._counter_of(topic).took(queue_id, calls, took_ms)
        self._by_ms.clear()

    def _settle_sends(self) -> None:
        calls: defaultdict[str, int] = defaultdict(int)
        messages: defaultdict[str, int] = defaultdict(int)
        for (topic, queue_id), number in self._places.items():
            calls[topic] += number
            self._counter_of(topic).answers[queue_id] += number
        for at, tally in enumerate(self._by_size):
            for topic, number in tally.items():
                messages[topic] += number
                self._counter_of(topic).sizes[at] += number
            tally.clear()
        for topic, size in self._bytes.items():
            self._counter_of(topic).add(calls[topic], messages[topic], size)
        self._places.clear()
        self._bytes.clear()
