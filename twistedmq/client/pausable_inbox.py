"""An inbox that can hold the messages of single queues back."""

from collections.abc import Callable, Iterable

from twistedmq.client.inbox import Inbox
from twistedmq.client.message import ReceivedMessage
from twistedmq.protocol.bodies.queues import MessageQueue


class PausableInbox(Inbox):
    """Puts what comes of a paused queue aside, and what was there of it already.

    Args:
        discarded: told of a queue that goes on elsewhere, or goes to another member.
    """

    def __init__(self, discarded: Callable[[MessageQueue], object]) -> None:
        super().__init__()
        self._discarded = discarded
        self._aside: dict[MessageQueue, list[ReceivedMessage]] = {}

    @property
    def paused(self) -> frozenset[MessageQueue]:
        """The queues that are held back."""
        return frozenset(self._aside)

    def take_some(self, most: int) -> list[ReceivedMessage]:
        """Give up to *most* next messages."""
        messages = self._messages
        return [messages.popleft() for _ in range(min(most, len(messages)))]

    def put_back(self, message: ReceivedMessage) -> None:
        """Have *message*, which was taken in vain, come next in its queue."""
        if message.queue in self._aside:
            self._aside[message.queue].insert(0, message)
        else:
            super().put_back(message)

    def first_offset(self, queue: MessageQueue) -> int | None:
        """Give the offset of the next message of a queue, if it is here."""
        waiting = [*self._aside.get(queue, ()), *self._messages]
        return next((m.queue_offset for m in waiting if m.queue == queue), None)

    def pause(self, queue: MessageQueue) -> None:
        """Hand out nothing of *queue* until it is resumed."""
        if queue not in self._aside:
            self._aside[queue] = [m for m in self._messages if m.queue == queue]
            super().discard(queue)

    def resume(self, queue: MessageQueue) -> None:
        """Hand *queue* out again."""
        self.put(self._aside.pop(queue, ()))

    def discard(self, queue: MessageQueue) -> None:
        """Forget the messages of one queue; a paused one stays so."""
        super().discard(queue)
        if queue in self._aside:
            self._aside[queue] = []
        self._discarded(queue)

    def _add(self, messages: Iterable[ReceivedMessage]) -> None:
        if not self._aside:
            super()._add(messages)
            return
        for message in messages:
            self._aside.get(message.queue, self._messages).append(message)

    def _forget_all(self) -> None:
        super()._forget_all()
        for aside in self._aside.values():
            aside.clear()
