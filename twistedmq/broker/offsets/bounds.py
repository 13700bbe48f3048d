"""Where queues begin and end, and which offset belongs to a time."""

from typing import Final

from twisted.internet.defer import Deferred

from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.headers import (
    GetEarliestMsgStoretimeRequestHeader,
    GetMaxOffsetRequestHeader,
    GetMinOffsetRequestHeader,
    SearchOffsetRequestHeader,
)
from twistedmq.remoting.interfaces import HandlerTable, Request
from twistedmq.store.interfaces import IMessageStore

YOUNG_BYTES: Final = 1 << 30
"""How much log may lie behind the first message of a queue that still counts as young.
Upstream asks the system whether that message's page is in memory; a gigabyte of log
behind it is what a machine of a few gigabytes keeps there."""


class QueueBounds:
    """Asks the store about the ends of a queue."""

    def __init__(self, store: IMessageStore) -> None:
        """Ask *store*."""
        self._store = store

    def least(self, topic: str, queue_id: int) -> int:
        """Give the first kept offset of a queue."""
        return self._store.queue_bounds(topic, queue_id)[0]

    def end(self, topic: str, queue_id: int) -> int:
        """Give the offset that the next message of a queue will get."""
        return self._store.queue_bounds(topic, queue_id)[1]

    def is_young(self, topic: str, queue_id: int) -> bool:
        """Whether a queue still has its first message, and not much came after it."""
        if self.least(topic, queue_id) > 0:
            return False
        first = self._store.entries(topic, queue_id, 0, 1)
        if not first:
            return False
        end: int = self._store.status()["max_offset"]
        return end - first[0].physical_offset <= YOUNG_BYTES


class BoundsHandlers:
    """Serves requests about the ends of queues."""

    def __init__(self, store: IMessageStore) -> None:
        """Ask *store*."""
        self._store = store

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {
            RequestCode.GET_MAX_OFFSET: self.max_offset,
            RequestCode.GET_MIN_OFFSET: self.min_offset,
            RequestCode.GET_EARLIEST_MSG_STORETIME: self.earliest_time,
            RequestCode.SEARCH_OFFSET_BY_TIMESTAMP: self.search,
        }

    def max_offset(self, request: Request) -> Reply:
        """Give the offset that the next message of a queue will get."""
        header: GetMaxOffsetRequestHeader = request.header
        bounds = self._store.queue_bounds(header.topic, header.queue_id)
        return _offset(bounds[1])

    def min_offset(self, request: Request) -> Reply:
        """Give the first kept offset of a queue."""
        header: GetMinOffsetRequestHeader = request.header
        bounds = self._store.queue_bounds(header.topic, header.queue_id)
        return _offset(bounds[0])

    def earliest_time(self, request: Request) -> Reply | Deferred[Reply]:
        """Give the store time of the first kept message of a queue, -1 without one."""
        header: GetEarliestMsgStoretimeRequestHeader = request.header
        topic, queue_id = header.topic, header.queue_id
        least = self._store.queue_bounds(topic, queue_id)[0]
        time_ms = self._store.store_time(topic, queue_id, least)
        if isinstance(time_ms, Deferred):
            return time_ms.addCallback(_timestamp)
        return _timestamp(time_ms)

    def search(self, request: Request) -> Reply | Deferred[Reply]:
        """Give the offset of the first (LOWER) or last (UPPER) message at a time."""
        header: SearchOffsetRequestHeader = request.header
        upper = (header.boundary_type or "").upper() == "UPPER"
        offset = self._store.offset_by_time(
            header.topic, header.queue_id, header.timestamp, upper
        )
        if isinstance(offset, Deferred):
            return offset.addCallback(_offset)
        return _offset(offset)


def _offset(offset: int) -> Reply:
    return Reply(header={"offset": f"{offset}"})


def _timestamp(time_ms: int) -> Reply:
    return Reply(header={"timestamp": f"{time_ms}"})
