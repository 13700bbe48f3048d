"""``async for`` over the messages of a consumer."""

from collections.abc import Callable
from typing import Any, Self

from twisted.internet.defer import Deferred, succeed

from twistedmq.client.inbox import Inbox
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.watching import Returned, Watch
from twistedmq.protocol.bodies.queues import MessageQueue

Ack = Callable[[ReceivedMessage], object]


class Iteration:
    """One ``async for``. Asking for the next message acks the one before it.

    Args:
        inbox: where messages come from.
        ack: is told of what is consumed.
        watch: sees it.
        holding: has this one in it as long as it has a message handed out.
    """

    def __init__(
        self,
        inbox: Inbox,
        ack: Ack,
        watch: Watch | None = None,
        holding: "dict[Iteration, None] | None" = None,
    ) -> None:
        self._holding = {} if holding is None else holding
        self._inbox = inbox
        self._ack = ack
        self._watch = watch
        self._token: Any = None
        self._last: ReceivedMessage | None = None
        self._idle: Deferred[None] | None = None

    def __aiter__(self) -> Self:
        """Give itself."""
        return self

    async def __anext__(self) -> ReceivedMessage:
        """Give the next message; ends when the consumer is closed."""
        self.ack_last()
        message = await self._inbox.get()
        if message is None:
            raise StopAsyncIteration
        self._last = message
        self._holding[self] = None
        if self._watch is not None:
            self._token = self._watch.consuming([message])
        return message

    def ack_last(self) -> None:
        """Ack the message that was handed out last, if it is not acked yet."""
        if self._last is not None:
            self._ack(self._last)
        self._over(Returned.SUCCESS)

    def take_back(self) -> None:
        """Have the message that was handed out last, but reached nobody, come next."""
        if self._last is not None:
            self._inbox.put_back(self._last)
        self.drop_last()

    def drop_last(self) -> None:
        """Ack no more the message that was handed out last."""
        self._over(Returned.FAILED)

    def _over(self, returned: Returned) -> None:
        if self._watch is not None and self._last is not None:
            self._watch.consumed(self._token, returned)
        self._last = None
        self._holding.pop(self, None)
        if self._idle is not None:
            idle, self._idle = self._idle, None
            idle.callback(None)

    def holds(self, message: ReceivedMessage) -> bool:
        """Whether *message* is what was handed out last."""
        return self._last is message

    def holds_of(self, queue: MessageQueue) -> bool:
        """Whether what was handed out last is of *queue*."""
        return self._last is not None and self._last.queue == queue

    def finished(self) -> Deferred[None]:
        """Fires when the message that was handed out last is no more in work."""
        if self._last is None:
            return succeed(None)
        self._idle = Deferred()
        return self._idle


class Iterations:
    """All iterations over one inbox, which share its messages."""

    def __init__(self, inbox: Inbox, ack: Ack, watch: Watch | None = None) -> None:
        self._inbox = inbox
        self._ack = ack
        self._watch = watch
        self._holding: dict[Iteration, None] = {}
        """Those that have a message; of others, a program may begin any number."""

    def begin(self) -> Iteration:
        """Give a new one."""
        return Iteration(self._inbox, self._ack, self._watch, self._holding)

    def leave(self, *, cleanly: bool) -> None:
        """The loops are over; ack what they had last if they ended *cleanly*."""
        for iteration in list(self._holding):
            if cleanly:
                iteration.ack_last()
            else:
                iteration.drop_last()

    def forget(self, message: ReceivedMessage) -> None:
        """Do not ack *message* when the next one is asked for."""
        for iteration in list(self._holding):
            if iteration.holds(message):
                iteration.drop_last()

    def forget_queue(self, queue: MessageQueue) -> None:
        """Do not ack what was handed out of *queue*: it goes on elsewhere."""
        for iteration in list(self._holding):
            if iteration.holds_of(queue):
                iteration.drop_last()

    def wind_up(self) -> Deferred[None]:
        """Hand out no more messages; fires when none is in work."""
        self._inbox.close()
        return Deferred.fromCoroutine(self._all_finished())

    async def _all_finished(self) -> None:
        for iteration in list(self._holding):
            await iteration.finished()
