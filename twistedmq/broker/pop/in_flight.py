"""How many popped messages of a group in a queue are not acknowledged. Pure.

A figure for a limit that keeps a group from taking ever more: it begins anew with each
start. Source: PopInflightMessageCounter.
"""

from twistedmq.broker.pop.positions import Place


class InFlight:
    """Counts by (topic, group, queue id)."""

    def __init__(self, since_ms: int) -> None:
        """Count nothing that was popped before *since_ms*, the start of the broker."""
        self._since_ms = since_ms
        self._counts: dict[Place, int] = {}

    def count(self, place: Place) -> int:
        """Give how many there are."""
        return self._counts.get(place, 0)

    def popped(self, place: Place, number: int) -> None:
        """Count messages that were lent."""
        self._counts[place] = self._counts.get(place, 0) + number

    def done(self, place: Place, number: int, popped_ms: int) -> None:
        """Count messages that were acknowledged, or came back."""
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
