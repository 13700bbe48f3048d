"""Queues and index follow the log: what points before its beginning goes.

The disk is asked in a thread, some queues at a time; only the numbers are changed in
the reactor thread, and before a file is removed, so that no reader is sent there.
"""

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from typing import Any, Final

from msgspec import Struct
from twisted.internet.defer import Deferred

from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.store.files.commit_log import CommitLog
from twistedmq.store.index_interfaces import IIndexStrategy
from twistedmq.store.queue_interfaces import IQueueIndex, QueueFileKey
from twistedmq.store.queue_state import QueueState, QueueTable
from twistedmq.store.topic_ages import Reserved, TimedQueues, expired_by_topic
from twistedmq.store.workers import Workers

_QUEUES_A_SLICE: Final = 64
_TOPICS_EVERY_S: Final = 60.0
"""How often topics with a time of their own are looked at."""


class Expiring(Struct):
    """What the parts of a store have in common with what follows its log."""

    workers: Workers
    log: CommitLog
    queue_index: IQueueIndex
    queues: QueueTable
    index: IIndexStrategy
    reads: TimedQueues
    reserved: Reserved


class Expiry:
    """Moves the beginnings of queues, and removes the files before them."""

    def __init__(
        self,
        reactor: Any,
        wall_ms: Callable[[], int],
        config: Live[StoreConfig],
        parts: Expiring,
    ) -> None:
        self._reactor = reactor
        self._wall_ms = wall_ms
        self._config = config
        self._parts = parts
        self._followed = 0
        self._is_thorough = True
        """Whether there may be files that should have been removed before."""
        self._topics_at_s = -_TOPICS_EVERY_S

    async def follow(self, pause: Callable[[int], "Deferred[None]"]) -> None:
        """Do what the log's beginning asks for now; *pause* fires after so many ms.

        Raises:
            OSError: a file could not be removed; called again, it is tried again.
        """
        await self._follow_log(pause)
        now_s = self._reactor.seconds()
        if abs(now_s - self._topics_at_s) >= _TOPICS_EVERY_S:
            self._topics_at_s = now_s
            await self._expire_topics()

    # After the log

    async def _follow_log(self, pause: Callable[[int], "Deferred[None]"]) -> None:
        log_min = self._parts.log.min_offset
        if log_min <= self._followed:
            return
        try:
            await self._follow_all(log_min, pause)
        except OSError:
            self._is_thorough = True
            raise
        self._followed = log_min
        self._is_thorough = False

    async def _follow_all(
        self, log_min: int, pause: Callable[[int], "Deferred[None]"]
    ) -> None:
        parts = self._parts
        states = list(parts.queues.values())
        for start in range(0, len(states), _QUEUES_A_SLICE):
            removed = await self._follow_queues(
                states[start : start + _QUEUES_A_SLICE], log_min
            )
            if removed:
                await pause(self._config.value.delete_queue_pause_ms)
        await parts.workers.run(parts.index.expire, log_min)

    async def _follow_queues(self, states: Sequence[QueueState], log_min: int) -> int:
        """Follow in some queues; gives how many files were removed."""
        run = self._parts.workers.run
        firsts = await run(self._firsts, [_frozen(s) for s in states], log_min)
        moved = [
            state
            for state, first in zip(states, firsts, strict=True)
            if self._begin_at(state, first) or self._is_thorough
        ]
        return await run(self._remove_files, moved, log_min)

    def _firsts(self, states: Iterable[QueueState], log_min: int) -> list[int]:
        """Give the first entry to be kept of each queue; in a thread."""
        return [self._parts.queue_index.first_from(s, log_min) for s in states]

    def _begin_at(self, state: QueueState, offset: int) -> bool:
        """Have a queue begin there if it begins earlier; gives whether it did."""
        if offset <= state.min_offset:
            return False
        state.min_offset = min(offset, state.next_offset)
        return True

    def _remove_files(self, states: Iterable[QueueState], log_min: int) -> int:
        """Remove what only the log's deleted part needed; in a thread."""
        queue_index = self._parts.queue_index
        gone: list[QueueFileKey] = []
        for state in states:
            gone += queue_index.expired(state.topic, state.queue_id, log_min)
        for file in gone:
            queue_index.remove(file)
        return len(gone)

    # By the time of a topic

    async def _expire_topics(self) -> None:
        """Have the queues of some topics begin later than their log does."""
        parts = self._parts
        if hours := parts.reserved():
            now_ms = self._wall_ms()
            queues = parts.queues
            found = await expired_by_topic(parts.reads, queues, hours, now_ms)
            for key, offset in found.items():
                if key in queues:
                    self._begin_at(queues[key], offset)


def _frozen(state: QueueState) -> QueueState:
    """Give a queue as it is now, for a thread."""
    now = copy(state)
    now.tail = state.tail[:]
    return now
