"""What one turn of delivery takes: as many messages as one append is good for.

More would keep sends waiting, and what is left is due in the next turn as well.
"""

from collections.abc import Callable
from typing import Final

from twisted.logger import Logger

from twistedmq.broker.delay.restoring import Restored, restore
from twistedmq.broker.delay.waiting import NEVER, WaitingQueue
from twistedmq.broker.settling import settle
from twistedmq.protocol.names import SCHEDULE_TOPIC
from twistedmq.store.errors import DamagedRecordError
from twistedmq.store.interfaces import IMessageReader, QueueRead

SLICE_MESSAGES: Final = 128
SLICE_BYTES: Final = 1024 * 1024
UNREADABLE_S: Final = 10.0
"""How long after a queue gave nothing, though it should, it is asked again."""


class Slice:
    """What was taken: messages, and how far their queues are when those are safe."""

    def __init__(self) -> None:
        self.restored = Restored([], [])
        self.offsets: dict[WaitingQueue, int] = {}
        self.sizes: dict[int, list[int]] = {}
        """By queue id: how many messages were taken, and their bytes."""
        self._bytes = 0

    @property
    def room(self) -> int:
        """How many messages may still be taken."""
        taken = len(self.restored.messages) + len(self.restored.left_out)
        return SLICE_MESSAGES - taken if self.room_bytes > 0 else 0

    @property
    def room_bytes(self) -> int:
        """How many bytes may still be taken."""
        return SLICE_BYTES - self._bytes

    def add(self, read: QueueRead, queue_id: int) -> None:
        """Take what a read of a queue gave."""
        fresh = restore(read.records)
        self.restored.messages += fresh.messages
        self.restored.left_out += fresh.left_out
        self._bytes += read.size
        size = self.sizes.setdefault(queue_id, [0, 0])
        size[0] += read.count
        size[1] += read.size


class SliceReader:
    """Fills slices from the queues of the schedule topic."""

    _log = Logger()

    def __init__(
        self,
        store: IMessageReader,
        wall_ms: Callable[[], int],
        seconds: Callable[[], float],
    ) -> None:
        self._store = store
        self._wall_ms = wall_ms
        self._seconds = seconds

    async def take(self, queue: WaitingQueue, into: Slice) -> None:
        """Take what is due in *queue*, as far as there is room."""
        low, high = self._store.queue_bounds(SCHEDULE_TOPIC, queue.queue_id)
        offset = queue.moved_into(low, high)
        if offset != queue.offset:
            self._log.warn(
                "delayed messages of queue {queue_id} go on at {offset} instead of "
                "{kept}: the queue holds [{low}, {high})",
                queue_id=queue.queue_id,
                offset=offset,
                kept=queue.offset,
                low=low,
                high=high,
            )
        into.offsets[queue] = offset
        while offset < high and into.room:
            count = min(into.room, high - offset)
            entries = self._store.entries(SCHEDULE_TOPIC, queue.queue_id, offset, count)
            due = queue.due(entries, self._wall_ms(), self._seconds())
            if not due:
                if not entries:
                    self._ask_later(queue, offset)
                return
            end = offset + due
            while offset < end and into.room:
                after = await self._read(queue, offset, end - offset, into)
                if after <= offset:
                    self._ask_later(queue, offset)
                    return
                offset = into.offsets[queue] = after
        queue.look_s = self._seconds() if offset < high else NEVER

    async def _read(
        self, queue: WaitingQueue, offset: int, count: int, into: Slice
    ) -> int:
        """Take some of the next *count* messages; gives the offset behind them."""
        try:
            read = await settle(
                self._store.read_queue(
                    SCHEDULE_TOPIC,
                    queue.queue_id,
                    offset,
                    min(count, into.room),
                    into.room_bytes,
                    None,
                    None,
                )
            )
        except DamagedRecordError as error:
            if count > 1:  # there may be whole ones before it
                return await self._read(queue, offset, 1, into)
            self._log.error(
                "the delayed message at offset {offset} of queue {queue_id} cannot be "
                "delivered: {problem}",
                offset=offset,
                queue_id=queue.queue_id,
                problem=str(error),
            )
            return offset + 1
        into.add(read, queue.queue_id)
        return read.next_offset

    def _ask_later(self, queue: WaitingQueue, offset: int) -> None:
        queue.look_s = self._seconds() + UNREADABLE_S
        self._log.error(
            "queue {queue_id} of delayed messages gives nothing at offset {offset}; it "
            "is read again in {wait_s:g} s",
            queue_id=queue.queue_id,
            offset=offset,
            wait_s=UNREADABLE_S,
        )
