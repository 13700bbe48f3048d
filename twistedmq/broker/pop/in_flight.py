"""How many popped messages of a group in a queue are not acknowledged. Pure.

A figure for a limit that keeps a group from taking ever more: it begins anew with each
start. Source: PopInflightMessageCounter.
"""

from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.pop.positions import Place


class InFlight:
    """Counts by (topic, group, queue id)."""

    def __init__(self, since_ms: int, counters: BrokerCounters) -> None:
        """Count nothing that was popped before *since_ms*, the start of the broker.

        *counters* are told what is lent and acknowledged.
        """
        self._since_ms = since_ms
        self._counters = counters
        self._counts: dict[Place, int] = {}

    def count(self, place: Place) -> int:
        """Give how many there are."""
        return self._counts.get(place, 0)

    def popped(self, place: Place, number: int) -> None:
        """Count messages that were lent."""
        self._counts[place] = self._counts.get(place, 0) + number
        self._counters.lent(place[0], place[1], 1)

    def acked(self, place: Place, number: int, popped_ms: int) -> None:
        """Count messages that were acknowledged."""
        self._counters.acked(place[0], place[1], number)
        self.done(place, number, popped_ms)

    def done(self, place: Place, number: int, popped_ms: int) -> None:
        """Count messages that are out no more, whichever way."""
        if popped_ms < self._since_ms:
            return
        left = self._counts.get(place, 0) - number
        if left > 0:
            self._counts[place] = left
        else:
            self._counts.pop(place, None)

    def clear(self, place: Place) -> None:
        """Begin anew."""
        self._counts.pop(place, None)
