"""Watching all groups: what is left to consume, who hangs, which offsets are gone.

What the genuine tool calls its monitor: the same questions in the same period.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from msgspec import Struct
from twisted.internet.defer import CancelledError
from twisted.internet.task import deferLater

from twistedmq.admin.clients import Clients
from twistedmq.admin.errors import MessageNotFoundError, NotOnlineError
from twistedmq.admin.messages import Messages
from twistedmq.admin.offsets import Offsets, QueueProgress
from twistedmq.admin.topics import Topics
from twistedmq.client.consumer import Consumer
from twistedmq.client.deferreds import gives_deferred
from twistedmq.client.errors import RouteNotFoundError
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.session import ClientSettings, Session
from twistedmq.protocol import loose_json, names
from twistedmq.protocol.bodies.offsets import OffsetMovedEvent
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.running import ConsumerRunningInfo
from twistedmq.protocol.errors import FieldError, TwistedMQError

PERIOD_S: Final = 60.0


class RoundBegun(Struct, frozen=True):
    """All groups are looked at now."""


class Undone(Struct, frozen=True):
    """What a group has left to consume of a topic."""

    group: str
    topic: str
    total: int
    """Messages."""
    most_of_a_queue: int
    delay_ms: int
    """How much younger the last message of a queue is than the last one that was
    consumed; of the queue that is furthest behind."""


class Members(Struct, frozen=True):
    """What the members of a group say of themselves, by client id."""

    group: str
    members: dict[str, ConsumerRunningInfo]


class OffsetGone(Struct, frozen=True):
    """A member wanted an offset that a broker does not have, any more or yet."""

    group: str
    queue: MessageQueue
    wanted: int
    given: int
    at_ms: int


class NotSeen(Struct, frozen=True):
    """Something could not be asked; the monitor goes on."""

    about: str
    error: Exception


class RoundOver(Struct, frozen=True):
    """All groups were looked at."""


Event: TypeAlias = RoundBegun | Undone | Members | OffsetGone | NotSeen | RoundOver
Listener: TypeAlias = Callable[[Event], object]


class Monitor:
    """Looks at all groups, again and again.

    Args:
        topics: which groups there are, by their retry topics.
        offsets: how far they are.
        messages: how old what they have left is.
        clients: what their members say.
        session: its clock, and how other clients of the cluster are made.
    """

    def __init__(
        self,
        topics: Topics,
        offsets: Offsets,
        messages: Messages,
        clients: Clients,
        session: Session,
    ) -> None:
        self._topics = topics
        self._offsets = offsets
        self._messages = messages
        self._clients = clients
        self._clock = session.reactor
        self._settings: ClientSettings = session.settings

    @gives_deferred
    async def run(self, listener: Listener, period_s: float = PERIOD_S) -> None:
        """Tell *listener* what is seen, until this is cancelled.

        A round begins *period_s* after the one before, or when that is over. Offsets
        that are gone are told as brokers report them: genuine ones up to 4.x do.
        """
        moved = Consumer(
            names.MONITOR_CONSUMER_GROUP,
            {names.OFFSET_MOVED_TOPIC: "*"},
            concurrency=1,
            settings=self._settings,
        )
        reports = moved.run(lambda message: listener(_offset_gone(message)))
        # it ends by itself only where it cannot begin, and that is told once
        reports.addErrback(lambda failure: _tell(listener, failure.value))
        try:
            while True:
                begun_s = self._clock.seconds()
                await self.round(listener)
                left_s = begun_s + period_s - self._clock.seconds()
                await deferLater(self._clock, max(0.0, left_s))
        finally:
            await moved.close()

    @gives_deferred
    async def round(self, listener: Listener) -> None:
        """Look at all groups once; what cannot be asked is told, too."""
        listener(RoundBegun())
        try:
            topics = await self._topics.names(system=True)
        except TwistedMQError as error:
            listener(NotSeen("topics", error))
            topics = []
        for topic in filter(names.is_retry_topic, topics):
            group = topic.removeprefix(names.RETRY_PREFIX)
            for look in (self._undone, self._running):
                try:
                    await look(group, listener)
                except (NotOnlineError, RouteNotFoundError):
                    pass  # nobody is there, or the group was deleted since
                except TwistedMQError as error:
                    listener(NotSeen(group, error))
        listener(RoundOver())

    async def _undone(self, group: str, listener: Listener) -> None:
        """Tell what is left, of groups that somebody is in."""
        queues = (await self._offsets.progress(group)).queues
        await self._clients.consumers(group)
        for topic in sorted({queue.topic for queue in queues}):
            of_topic = {
                queue: each for queue, each in queues.items() if queue.topic == topic
            }
            delays_ms = [
                await self._delay_ms(queue, each) for queue, each in of_topic.items()
            ]
            listener(undone(group, topic, of_topic.values(), max(delays_ms)))

    async def _delay_ms(self, queue: MessageQueue, progress: QueueProgress) -> int:
        # where nothing is left, the last message is the last that was consumed
        if progress.lag <= 0 or progress.stored_at_ms <= 0:
            return 0
        try:
            last = await self._messages.at(queue, progress.end - 1)
        except MessageNotFoundError:
            return 0
        return max(0, last.message.stored_at_ms - progress.stored_at_ms)

    async def _running(self, group: str, listener: Listener) -> None:
        online = await self._clients.consumers(group)
        found: dict[str, ConsumerRunningInfo] = {}
        for each in online.connection_set:
            try:
                info = await self._clients.running_info(group, each.client_id)
            except TwistedMQError as error:
                listener(NotSeen(f"{group} {each.client_id}", error))
                continue
            found[each.client_id] = info
        if found:
            listener(Members(group, found))


def undone(
    group: str, topic: str, queues: Iterable[QueueProgress], delay_ms: int
) -> Undone:
    """Sum up what is left of a topic."""
    lags = [max(0, each.lag) for each in queues]
    return Undone(group, topic, sum(lags), max(lags, default=0), delay_ms)


def _offset_gone(message: ReceivedMessage) -> Event:
    try:
        event = loose_json.decode(message.body, type=OffsetMovedEvent)
    except FieldError as error:
        # whoever may write to that topic: it is told, and not asked for again
        return NotSeen(names.OFFSET_MOVED_TOPIC, error)
    return OffsetGone(
        event.consumer_group,
        event.message_queue,
        event.offset_request,
        event.offset_new,
        message.stored_at_ms,
    )


def _tell(listener: Listener, error: Any) -> None:
    if not isinstance(error, CancelledError):
        listener(NotSeen(names.OFFSET_MOVED_TOPIC, error))
