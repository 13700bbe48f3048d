"""What of a level's queue is due, and when to look at it again. Pure.

Entries of one level become due in their order. The wall clock, which stamped them,
decides; where it was set back since, it would make them wait too long, so the
monotonic clock bounds that. Nothing ever comes before its delay has passed.
"""

from collections.abc import Sequence
from math import inf
from typing import Final

from twistedmq.store.interfaces import QueueEntry

NEVER: Final = inf


class WaitingQueue:
    """One level: how far its messages were delivered, and when the next one is due.

    Args:
        queue_id: of the schedule topic.
        delay_ms: of the level; None for one that the settings do not have any more.
        offset: of the first message that was not delivered.
    """

    def __init__(self, queue_id: int, delay_ms: int | None, offset: int) -> None:
        self.queue_id = queue_id
        self.offset = offset
        self.look_s = NEVER
        """When to look again, by the monotonic clock."""
        self._delay_ms = delay_ms
        self._release_s = NEVER

    def due(self, entries: Sequence[QueueEntry], now_ms: int, now_s: float) -> int:
        """Say how many of *entries*, the next ones, are due at their beginning.

        *now_ms* is the wall clock, *now_s* the monotonic one. ``look_s`` is set to when
        the next one will be, at once if all are.
        """
        for number, entry in enumerate(entries):
            wait_ms = entry.tags_code - now_ms
            if self._delay_ms is not None and wait_ms > self._delay_ms:
                # It was stored before the clock was set back, or its delay was longer:
                # by now, it waits no more than its delay.
                if self._release_s == NEVER:
                    self._release_s = now_s + self._delay_ms / 1000
                if now_s < self._release_s:
                    self.look_s = self._release_s
                    return number
                continue
            self._release_s = NEVER
            if wait_ms > 0:
                self.look_s = now_s + wait_ms / 1000
                return number
        self.look_s = now_s
        return len(entries)

    def grew(self, wait_ms: int, now_s: float) -> bool:
        """Be told of messages that are due in *wait_ms*; gives whether that is news."""
        if self.look_s != NEVER:
            return False
        self.look_s = now_s + max(wait_ms, 0) / 1000
        return True

    def moved_into(self, low: int, high: int) -> int:
        """Give the offset from which to go on where the queue holds [*low*, *high*)."""
        return min(max(self.offset, low), high)
