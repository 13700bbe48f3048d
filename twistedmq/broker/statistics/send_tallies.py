"""Sums of what sends brought to several topics at once, settled later.

A batch over thirty topics has thirty counters to be found and added to, which takes
longer than to store it. Here it is one look-up a message; whoever wants to know says
``settle`` first. With tens of thousands of queues that takes a while, so it can be done
bit by bit.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from twistedmq.broker.statistics.topic_counter import (
    SIZE_BOUNDS,
    TopicCounter,
    sizes_of,
)

Place = tuple[str, int]
"""Topic and queue id."""

_MS: Final = 1 << 48
_MESSAGE: Final = _MS << 48
"""Messages, the ms that their answers took, and their bytes are summed in one number,
which is looked up once."""

_Sums = defaultdict[int, defaultdict[Place, int]]
"""By class of size: such numbers."""


def _no_sums() -> _Sums:
    return defaultdict(lambda: defaultdict(int))


class SendTallies:
    """Keeps sums by topic and queue."""

    def __init__(self, counter_of: Callable[[str], TopicCounter]) -> None:
        """*counter_of* gives the counter of a topic, which may be new."""
        self._counter_of = counter_of
        self._sums = _no_sums()
        self._leaving: Iterator[None] = iter(())

    def add(
        self, places: Iterable[Place], starts: Sequence[int], end: int, took_ms: int
    ) -> None:
        """Count calls that brought a record each, to *places*, in *took_ms*.

        The records are at *starts*; the last of them goes up to *end*.
        """
        message = _MESSAGE + took_ms * _MS
        sizes = sizes_of(starts, end)
        at = bisect_left(SIZE_BOUNDS, min(sizes))
        if at == bisect_left(SIZE_BOUNDS, max(sizes)):
            sums = self._sums[at]
            for place, size in zip(places, sizes, strict=True):
                sums[place] += message + size
            return
        for place, size in zip(places, sizes, strict=True):
            self._sums[bisect_left(SIZE_BOUNDS, size)][place] += message + size

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
        self._sums = _no_sums()
        for _ in self._leaving:
            yield

    def _settle(self, sums: _Sums) -> Iterator[None]:
        for at, by_place in sums.items():
            for (topic, queue_id), summed in by_place.items():
                messages, rest = divmod(summed, _MESSAGE)
                took_ms, size = divmod(rest, _MS)
                counter = self._counter_of(topic)
                counter.add(messages, messages, size)
                counter.sizes[at] += messages
                counter.answers[queue_id] += messages
                if took_ms:
                    counter.took(queue_id, messages, took_ms)
                yield
