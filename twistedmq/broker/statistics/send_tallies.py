"""What batches over several topics brought, counted by topic a while later.

A batch over thirty topics has thirty counters to be found and added to, which takes
longer than to store it. Here it is a few calls for all of them; whoever wants to know
says ``settle`` first. Likewise how long answers took, which is counted by queue. With
tens of thousands of queues to settle takes a quarter of a second, so it can be done bit
by bit.
"""

from bisect import bisect_left
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import sub

from twistedmq.broker.statistics.topic_counter import SIZE_BOUNDS, TopicCounter


class _Sums:
    """What was brought, by topic, or by topic and queue."""

    def __init__(self) -> None:
        self.calls: Tally[tuple[str, int]] = Tally()
        self.bytes: defaultdict[str, int] = defaultdict(int)
        self.by_size: list[Tally[str]] = [Tally() for _ in (*SIZE_BOUNDS, None)]
        self.by_ms: defaultdict[int, Tally[tuple[str, int]]] = defaultdict(Tally)


class SendTallies:
    """Keeps sums by topic."""

    def __init__(self, counter_of: Callable[[str], TopicCounter]) -> None:
        """*counter_of* gives the counter of a topic, which may be new."""
        self._counter_of = counter_of
        self._sums = _Sums()
        self._leaving: Iterator[None] = iter(())

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
        sums = self._sums
        sums.calls.update(places)
        sizes = list(map(sub, (*starts[1:], end), starts))
        in_all = sums.bytes
        for topic, size in zip(topics, sizes, strict=True):
            in_all[topic] += size
        at = bisect_left(SIZE_BOUNDS, min(sizes))
        if at == bisect_left(SIZE_BOUNDS, max(sizes)):
            sums.by_size[at].update(topics)
            return
        for topic, size in zip(topics, sizes, strict=True):
            sums.by_size[bisect_left(SIZE_BOUNDS, size)][topic] += 1

    def took(self, places: Iterable[tuple[str, int]], took_ms: int) -> None:
        """Count how long the answers to calls took, of those counted already."""
        self._sums.by_ms[took_ms].update(places)

    def settle(self) -> None:
        """Count everything where it belongs."""
        for _ in self.settling():
            pass

    def settling(self) -> Iterator[None]:
        """Do so a sum a step; what comes meanwhile is left for the next time.

        Whoever asks meanwhile goes on with what was begun.
        """
        # Not `yield from`: that would close what others go on with.
        for _ in self._leaving:
            yield
        self._leaving = self._settle(self._sums)
        self._sums = _Sums()
        for _ in self._leaving:
            yield

    def _settle(self, sums: _Sums) -> Iterator[None]:
        counter_of = self._counter_of
        for (topic, queue_id), calls in sums.calls.items():
            counter = counter_of(topic)
            counter.answers[queue_id] += calls
            counter.add(calls, 0, 0)
            yield
        for at, tally in enumerate(sums.by_size):
            for topic, messages in tally.items():
                counter = counter_of(topic)
                counter.sizes[at] += messages
                counter.add(0, messages, 0)
                yield
        for topic, size in sums.bytes.items():
            counter_of(topic).add(0, 0, size)
            yield
        for took_ms, taken in sums.by_ms.items():
            for (topic, queue_id), calls in taken.items():
                counter_of(topic).took(queue_id, calls, took_ms)
                yield
