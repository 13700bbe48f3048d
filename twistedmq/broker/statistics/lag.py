"""How far consumer groups are behind, in messages and in time. Source:
ConsumerLagCalculator.
"""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from twistedmq.broker.offsets.table import OffsetTable
from twistedmq.broker.settling import settle
from twistedmq.store.interfaces import IMessageReader


class Popped(Struct):
    """Where a group that pops is in one queue."""

    next_offset: int
    """Of the first message that nobody has been lent."""
    in_flight: int
    """Messages that are lent and not acknowledged yet."""


PopState = Callable[[str, str, int], Popped | None]
"""Says it for (group, topic, queue id); None for a group that does not pop there."""


class Lag(Struct):
    """How far a group is behind in some queues of a topic."""

    messages: int = 0
    """Not consumed yet."""
    waiting_since_ms: int = 0
    """Store time of the oldest of them; 0 without one."""
    in_flight: int = 0
    """Given to a consumer, and not yet done with."""
    ready: int = 0
    """Nobody has been given them."""
    unpulled_since_ms: int = 0
    """Store time of the oldest of those; 0 without one."""


class LagReader(Protocol):
    """Tells lags."""

    async def of_topic(self, group: str, topic: str, queues: int) -> Lag:
        """Sum up the first *queues* queues of a topic."""


class Lags:
    """Finds lags from offsets and the ends of queues.

    Args:
        store: ends and times of queues.
        offsets: how far groups are.
        popped: how far those are that pop.
    """

    def __init__(
        self,
        store: IMessageReader,
        offsets: OffsetTable,
        popped: PopState = lambda group, topic, queue_id: None,
    ) -> None:
        self._store = store
        self._offsets = offsets
        self._popped = popped

    async def of_topic(self, group: str, topic: str, queues: int) -> Lag:
        """Sum up the first *queues* queues of a topic."""
        whole = Lag()
        for queue_id in range(queues):
            lag = await self.of_queue(group, topic, queue_id)
            whole.messages += lag.messages
            whole.in_flight += lag.in_flight
            whole.ready += lag.ready
            whole.waiting_since_ms = _older(
                whole.waiting_since_ms, lag.waiting_since_ms
            )
            whole.unpulled_since_ms = _older(
                whole.unpulled_since_ms, lag.unpulled_since_ms
            )
        return whole

    async def of_queue(self, group: str, topic: str, queue_id: int) -> Lag:
        """Give the lag in one queue.

        A group that never committed there counts as having consumed all of it; one
        whose offset is before the first message that is kept is behind from there.
        """
        least, end = self._store.queue_bounds(topic, queue_id)
        popped = self._popped(group, topic, queue_id)
        if popped is not None:
            pulled, in_flight = popped.next_offset, popped.in_flight
            consumed = pulled - in_flight
        else:
            consumed = self._offsets.query(group, topic, queue_id)
            if consumed < 0:
                consumed = end
            pulled = max(consumed, self._offsets.query_pull(group, topic, queue_id))
            in_flight = max(0, min(pulled, end) - max(least, consumed))
        consumed, pulled = max(least, consumed), max(least, pulled)
        lag = Lag(max(0, end - consumed), 0, in_flight, max(0, end - pulled))
        if lag.messages:
            lag.waiting_since_ms = await self._time(topic, queue_id, consumed)
        if lag.ready:
            lag.unpulled_since_ms = (
                lag.waiting_since_ms
                if pulled == consumed
                else await self._time(topic, queue_id, pulled)
            )
        return lag

    async def _time(self, topic: str, queue_id: int, offset: int) -> int:
        return max(0, await settle(self._store.store_time(topic, queue_id, offset)))


def _older(one_ms: int, other_ms: int) -> int:
    """Give the earlier of two times; 0 is none."""
    return min(one_ms or other_ms, other_ms or one_ms)
