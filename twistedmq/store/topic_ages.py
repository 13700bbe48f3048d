"""Topics whose messages expire earlier than those of all others."""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from twisted.internet.defer import Deferred

from twistedmq.store.retention import HOUR_MS

Reserved = Callable[[], Mapping[str, int]]
"""Gives, for topics whose messages expire earlier, after how many hours they do."""

QueueKey = tuple[str, int]


class TimedQueues(Protocol):
    """As much of an IMessageReader as is asked here."""

    def queue_bounds(self, topic: str, queue_id: int) -> tuple[int, int]:
        """Give (min, max) queue offset."""

    def store_time(self, topic: str, queue_id: int, offset: int) -> int | Deferred[int]:
        """Give the store time of one message."""

    def offset_by_time(
        self, topic: str, queue_id: int, time_ms: int, upper: bool
    ) -> int | Deferred[int]:
        """Find a queue offset by store time."""


async def expired_by_topic(
    store: TimedQueues,
    queues: Iterable[QueueKey],
    hours: Mapping[str, int],
    now_ms: int,
) -> dict[QueueKey, int]:
    """Give where those of *queues* should begin that begin with expired messages."""
    beginnings = {}
    for key in [key for key in queues if key[0] in hours]:
        begin_ms = now_ms - hours[key[0]] * HOUR_MS
        low, _ = store.queue_bounds(*key)
        if 0 <= await _settled(store.store_time(*key, low)) < begin_ms:
            found = store.offset_by_time(*key, begin_ms, False)
            beginnings[key] = await _settled(found)
    return beginnings


async def _settled(value: "int | Deferred[int]") -> int:
    return await value if isinstance(value, Deferred) else value
