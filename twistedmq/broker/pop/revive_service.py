"""Reads the revive topic all the time, and has brought back what is due.

Source: PopReviveService, one of which runs for each queue there.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from twistedmq.broker.offsets.table import OffsetTable
from twistedmq.broker.own_queues import read_on
from twistedmq.broker.pop.checkpoints import REVIVE_GROUP
from twistedmq.broker.pop.revive_queue import ReviveQueue
from twistedmq.broker.pop.reviving import Reviving
from twistedmq.broker.rounds import RoundsService
from twistedmq.config.live import Live
from twistedmq.config.pop import PopConfig
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.store.interfaces import IMessageStore, StoreFullError

READ_COUNT: Final = 128
"""Messages of the revive topic that are asked for at a time."""
_NO_LIMIT: Final = 2**31 - 1


class ReviveService(RoundsService):
    """Goes round the queues of the revive topic.

    Args:
        clock: when to begin a round, and to let others in between slices.
        store: holds the revive topic.
        offsets: how far the rounds have come.
        reviving: brings back what is due.
        topic: the revive topic of the cluster.
        queue_count: how many queues it has.
        config: how often.
        delivered_ms: the time before which all that waits for a time has come: acks
            come through the timers, perhaps late.
    """

    def __init__(
        self,
        *,
        clock: Any,
        store: IMessageStore,
        offsets: OffsetTable,
        reviving: Reviving,
        topic: str,
        queue_count: int,
        config: Live[PopConfig],
        delivered_ms: Callable[[], int],
    ) -> None:
        super().__init__(clock, lambda: config.value.revive_interval_ms)
        self._store = store
        self._offsets = offsets
        self._reviving = reviving
        self._topic = topic
        self._queue_count = queue_count
        self._delivered_ms = delivered_ms
        self._queues: list[ReviveQueue] = []
        self._is_full = False

    @property
    def queues(self) -> Sequence[ReviveQueue]:
        """What is known of each queue."""
        return self._queues

    def startService(self) -> None:
        """Go round from now on."""
        self._queues = [
            ReviveQueue(
                queue_id,
                self._offsets.query(REVIVE_GROUP, self._topic, queue_id) + 1,
            )
            for queue_id in range(self._queue_count)
        ]
        super().startService()

    async def _go_round(self) -> None:
        for queue in self._queues:
            # Before reading: what had come by then is read now.
            delivered_ms = self._delivered_ms()
            while self.running and await self._read(queue):
                await self._let_others_in()
            try:
                while self.running and await self._reviving.revive(queue, delivered_ms):
                    await self._let_others_in()
                self._is_full = False
            except StoreFullError as error:
                if not self._is_full:
                    self._log.error(
                        "popped messages cannot come back: {error}", error=str(error)
                    )
                self._is_full = True
            finally:
                self._commit(queue)

    def _commit(self, queue: ReviveQueue) -> None:
        finished, queue_id = queue.finished_offset, queue.queue_id
        if finished != self._offsets.query(REVIVE_GROUP, self._topic, queue_id):
            self._offsets.commit(REVIVE_GROUP, self._topic, queue_id, finished)

    async def _read(self, queue: ReviveQueue) -> bool:
        """Read one slice of *queue*; gives whether there may be more."""
        end = self._store.queue_bounds(self._topic, queue.queue_id)[1]
        at = queue.next_offset
        if at == end:
            return False
        records, next_offset = await read_on(
            self._store,
            (self._topic, queue.queue_id),
            at,
            (READ_COUNT, _NO_LIMIT),
            partial(self._pass_over, queue),
        )
        for record in records:
            try:
                queue.take_in(record)
            except TwistedMQError as error:
                self._pass_over(queue, record.queue_offset, error)
        # A queue that begins anew (it was deleted) is read from there.
        queue.next_offset = next_offset
        return next_offset != at

    def _pass_over(
        self, queue: ReviveQueue, offset: int, error: TwistedMQError
    ) -> None:
        self._log.error(
            "message {offset} of {topic} queue {queue} is passed over: {error}",
            offset=offset,
            topic=self._topic,
            queue=queue.queue_id,
            error=str(error),
        )
