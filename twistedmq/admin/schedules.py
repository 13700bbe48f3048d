"""What waits for its time: by delay level, and timed messages by topic."""

from typing import Final

from msgspec import Struct
from twisted.internet.defer import gatherResults

from twistedmq.admin.brokers import Brokers
from twistedmq.admin.errors import NotThereError
from twistedmq.admin.queues import Queues
from twistedmq.admin.timers import Timers
from twistedmq.client.calls import BrokerCalls
from twistedmq.client.deferreds import gives_deferred, unwrapped
from twistedmq.client.errors import RefusedError
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.names import SCHEDULE_TOPIC

_LEVELS: Final = "messageDelayLevel"
_NO_TIMERS: Final = "timer message store is null"
"""What a broker answers whose timers are turned off."""


class WaitingLevel(Struct, frozen=True):
    """One delay level of one broker."""

    broker: str
    level: int
    delay: str
    """As the broker's settings have it: 10s, 5m, 2h."""
    waiting: int
    next_due_ms: int | None
    """When the first of them is due, ms since the epoch."""


class WaitingTopic(Struct, frozen=True):
    """Timed messages for one topic, on one broker."""

    broker: str
    topic: str
    waiting: int
    changed_at_ms: int
    """When the number changed last."""


class Schedules:
    """What waits on single brokers, by name and address.

    Calls fail with RefusedError or an error of the remoting room.
    """

    def __init__(
        self, brokers: Brokers, queues: Queues, timers: Timers, calls: BrokerCalls
    ) -> None:
        self._brokers = brokers
        self._queues = queues
        self._timers = timers
        self._calls = calls

    @gives_deferred
    async def levels(self, broker: str, address: str) -> list[WaitingLevel]:
        """Give all delay levels, those in which nothing waits included."""
        config = await self._brokers.config(address)
        done = await self._timers.delay_levels(address)
        delays = config.get(_LEVELS, "").split()
        queues = [MessageQueue(SCHEDULE_TOPIC, broker, n) for n in range(len(delays))]
        ends = await unwrapped(
            gatherResults(
                [self._calls.max_offset(address, queue) for queue in queues],
                consumeErrors=True,
            )
        )
        found = []
        for queue, delay, end in zip(queues, delays, ends, strict=True):
            level = queue.queue_id + 1
            first = done.get(level, 0)
            due_ms = None
            if end > first:
                least = await self._calls.min_offset(address, queue)
                first = max(first, least)
                due_ms = await self._due_ms(address, queue, first)
            waiting = max(end - first, 0)
            found.append(WaitingLevel(broker, level, delay, waiting, due_ms))
        return found

    @gives_deferred
    async def timed(self, broker: str, address: str) -> list[WaitingTopic]:
        """Give the topics for which timed messages wait; none where a broker has no
        timers.
        """
        try:
            topics = await self._timers.waiting(address)
        except RefusedError as error:
            if error.code != ResponseCode.REQUEST_CODE_NOT_SUPPORTED and (
                _NO_TIMERS not in (error.remark or "")
            ):
                raise
            return []
        return [
            WaitingTopic(broker, topic, metric.count, metric.time_stamp)
            for topic, metric in sorted(topics.items())
            if metric.count
        ]

    async def _due_ms(
        self, address: str, queue: MessageQueue, offset: int
    ) -> int | None:
        """The entries of delayed messages hold their time where others hold a tag."""
        try:
            found = await self._queues.entries(address, queue, offset, 1)
        except NotThereError:
            return None  # it went while we asked
        return next((entry.tags_code for entry in found.queue_data), None)
