"""Delivers delayed messages when they are due.

One timer for all levels, set for the message that is due first. What is due is taken a
slice at a time; a slice is stored as one append, and its levels move on once that is
safe. Source: ScheduleMessageService.
"""

from collections.abc import Callable, Sequence
from typing import Final

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.broker.delay.diversion import level_of
from twistedmq.broker.delay.progress import DelayProgress
from twistedmq.broker.delay.restoring import Undeliverable, columns
from twistedmq.broker.delay.slices import Slice, SliceReader
from twistedmq.broker.delay.waiting import NEVER, WaitingQueue
from twistedmq.broker.inner.writer import InnerWriter
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.names import SCHEDULE_TOPIC
from twistedmq.protocol.record import Record
from twistedmq.store.delay_levels import DelayLevels
from twistedmq.store.interfaces import IMessageStore, StoreFullError

LONGEST_S: Final = 10.0
"""While anything waits, how soon it is seen that the wall clock was set forward."""
AGAIN_S: Final = 1.0
"""How long after a failure delivery is tried again."""
_EVERY_TIME_S: Final = 1e300
"""Behind all times but NEVER."""


class DelayService(Service):
    """Moves messages from the schedule topic to where they were sent.

    Args:
        clock: for the timer.
        seconds: a monotonic clock.
        wall_ms: the wall clock, by which messages are due.
        store: where they wait.
        inner: stores them again.
        levels: the delays of the settings.
        progress: how far each level is.
        delivered: told the queue id, number and bytes of what was delivered.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        clock: IReactorTime,
        seconds: Callable[[], float],
        wall_ms: Callable[[], int],
        store: IMessageStore,
        inner: InnerWriter,
        levels: DelayLevels,
        progress: DelayProgress,
        delivered: Callable[[int, int, int], None],
    ) -> None:
        self._clock = clock
        self._seconds = seconds
        self._store = store
        self._inner = inner
        self._levels = levels
        self._progress = progress
        self._delivered = delivered
        self._reader = SliceReader(store, wall_ms, seconds)
        self._queues: dict[int, WaitingQueue] = {}
        self._call: IDelayedCall | None = None
        self._call_s = NEVER
        self._turn: Deferred[None] | None = None
        self._has_failed = False
        self._look_at_all_s = NEVER
        store.add_arrival_listener(self._arrived)

    def startService(self) -> None:
        """Look at everything that waits; the store is open."""
        super().startService()
        for topic, queue_id in self._store.queues():
            if topic == SCHEDULE_TOPIC:
                self._queue(queue_id).look_s = self._seconds()
        self._look_at_all_s = self._seconds() + LONGEST_S
        self._arm()

    def stopService(self) -> Deferred[None]:
        """Fires once what is being stored is."""
        super().stopService()
        self._disarm()
        if self._turn is None:
            return succeed(None)
        stopped: Deferred[None] = Deferred()
        self._turn.addCallback(lambda _: stopped.callback(None))
        return stopped

    # When

    def _arrived(self, grown: Sequence[tuple[str, int, int, int, int]]) -> None:
        for topic, queue_id, _, due_ms, store_ms in grown:
            if topic == SCHEDULE_TOPIC and self.running:
                queue = self._queue(queue_id)
                if queue.grew(due_ms - store_ms, self._seconds()):
                    self._arm()

    def _queue(self, queue_id: int) -> WaitingQueue:
        queue = self._queues.get(queue_id)
        if queue is None:
            level = level_of(queue_id)
            known = level <= self._levels.highest
            delay_ms = self._levels.delay_ms(level) if known else None
            queue = WaitingQueue(queue_id, delay_ms, self._progress.offset(level))
            self._queues[queue_id] = queue
        return queue

    def _arm(self) -> None:
        """Set the timer for what comes first."""
        first_s = min((q.look_s for q in self._queues.values()), default=NEVER)
        if self._turn is not None or not self.running or first_s == NEVER:
            return
        now_s = self._seconds()
        first_s = min(first_s, self._look_at_all_s)
        if self._call is not None:
            if self._call_s <= first_s:
                return
            self._call.cancel()
        self._call_s = first_s
        self._call = self._clock.callLater(max(0.0, first_s - now_s), self._begin)

    def _disarm(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None

    # What

    def _begin(self) -> None:
        self._call = None
        turn = self._turn = Deferred.fromCoroutine(self._deliver())
        turn.addErrback(self._unexpected).addCallback(self._ended)

    def _ended(self, _: None) -> None:
        self._turn = None
        self._arm()

    async def _deliver(self) -> None:
        """Take a slice, store it, move on."""
        taken = Slice()
        now_s = self._seconds()
        until_s = now_s
        if now_s >= self._look_at_all_s:
            self._look_at_all_s = now_s + LONGEST_S
            until_s = _EVERY_TIME_S
        waiting = [q for q in self._queues.values() if q.look_s <= until_s]
        for queue in sorted(waiting, key=lambda queue: queue.look_s):
            if taken.room:
                await self._reader.take(queue, taken)
        try:
            refused = await self._store_all(taken.restored.messages)
        except StoreFullError as error:
            self._put_off(taken, now_s + AGAIN_S, error)
            return
        if self._has_failed:
            self._has_failed = False
            self._log.info("delayed messages are delivered again")
        for odd in taken.restored.left_out + refused:
            self._log.error(
                "the delayed message at physical offset {offset} is not delivered: "
                "{problem}",
                offset=odd.physical_offset,
                problem=odd.problem,
            )
        for queue_id, (number, size) in taken.sizes.items():
            self._delivered(queue_id, number, size)
        for queue, offset in taken.offsets.items():
            queue.offset = offset
            self._progress.advance(level_of(queue.queue_id), offset)
            grown = self._store.queue_bounds(SCHEDULE_TOPIC, queue.queue_id)[1]
            if queue.look_s == NEVER and offset < grown:
                queue.look_s = self._seconds()

    async def _store_all(self, messages: Sequence[Record]) -> list[Undeliverable]:
        """Store *messages*; gives those that the store refuses for what they are.

        Raises: StoreFullError, and then they are to be stored again.
        """
        if not messages:
            return []
        refused = []
        try:
            appended = self._inner.write_batch(columns(messages))
        except StoreFullError:
            raise
        except TwistedMQError as error:
            if len(messages) == 1:
                return [Undeliverable(messages[0].physical_offset, str(error))]
            for message in messages:
                refused += await self._store_all([message])
            return refused
        safe = self._inner.safe(appended)
        if safe is not None:
            await safe
        return []

    def _put_off(self, taken: Slice, until_s: float, error: Exception) -> None:
        """Try the same again later; it is said once that this is so."""
        for queue in taken.offsets:
            queue.look_s = until_s
        if not self._has_failed:
            self._has_failed = True
            self._log.error(
                "delayed messages cannot be delivered and go on waiting: {problem}",
                problem=str(error),
            )

    def _unexpected(self, failure: Failure) -> None:
        """Log what no one foresaw, and go on after a while."""
        self._log.failure("delivering delayed messages failed", failure)
        for queue in self._queues.values():
            queue.look_s = self._seconds() + LONGEST_S
