"""How far behind the end of the log a group reads a queue, as it is at the moment.

A genuine broker notes it with each pull, for its log alone; here it is found when it is
asked for. Source: MomentStatsItem, DefaultMessageStore.getMessage.
"""

from collections.abc import Callable
from typing import Final

from twistedmq.broker.offsets.table import OffsetTable
from twistedmq.broker.settling import settle
from twistedmq.store.interfaces import IMessageStore

FALL_SIZE: Final = "GROUP_GET_FALL_SIZE"
FALL_TIME: Final = "GROUP_GET_FALL_TIME"
MOMENTARY: Final = (FALL_SIZE, FALL_TIME)


class FallBehind:
    """Finds how far behind groups read.

    Args:
        store: queues and their messages.
        offsets: how far groups have pulled.
        wall_ms: the wall clock.
    """

    def __init__(
        self, store: IMessageStore, offsets: OffsetTable, wall_ms: Callable[[], int]
    ) -> None:
        self._store = store
        self._offsets = offsets
        self._wall_ms = wall_ms

    async def find(self, name: str, key: str) -> int | None:
        """Give bytes or ms for QUEUE@TOPIC@GROUP; None where nothing was pulled.

        That is how much of the log follows the message that was pulled last, and how
        old that message is; 0 if none is behind it in its queue.
        """
        parts = key.split("@")
        if len(parts) != len(("queue", "topic", "group")) or not parts[0].isdecimal():
            return None
        queue_id, topic, group = int(parts[0]), parts[1], parts[2]
        pulled = self._offsets.query_pull(group, topic, queue_id)
        if pulled < 0:
            return None
        least, end = self._store.queue_bounds(topic, queue_id)
        if pulled >= end:
            return 0
        last = max(least, pulled - 1)
        if name == FALL_TIME:
            stored_ms = await settle(self._store.store_time(topic, queue_id, last))
            return max(0, self._wall_ms() - stored_ms) if stored_ms >= 0 else None
        entries = self._store.entries(topic, queue_id, last, 1)
        log_end: int = self._store.status()["max_offset"]
        return log_end - entries[0].physical_offset if entries else None
