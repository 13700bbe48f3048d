"""Fetched messages that are consumed in order: of each queue one lot at a time."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall

from twistedmq.client.inbox import Inbox
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.reactor import Clock
from twistedmq.protocol.bodies.queues import MessageQueue


class _Line:
    """The messages of one queue, and what holds them up."""

    __slots__ = ("idle", "in_work", "messages", "pause")

    def __init__(self) -> None:
        self.messages: deque[ReceivedMessage] = deque()
        self.in_work: Sequence[ReceivedMessage] = ()
        self.pause: IDelayedCall | None = None
        self.idle: list[Deferred[None]] = []


class OrderedInbox(Inbox):
    """Gives nothing of a queue as long as something of it is in work, or it rests.

    Queues take turns. Whoever takes a message says ``release`` when it is out of work,
    or ``again`` where it was not consumed.

    Args:
        clock: for queues that rest.
        may_begin: whether a queue is ours alone now; ``wake`` when that has changed.
    """

    def __init__(self, clock: Clock, may_begin: Callable[[MessageQueue], bool]) -> None:
        super().__init__()
        self._clock = clock
        self._may_begin = may_begin
        self._lines: dict[MessageQueue, _Line] = {}
        # dicts, because they keep the order in which queues have their turn
        self._ready: dict[MessageQueue, None] = {}
        self._asleep: dict[MessageQueue, None] = {}

    def __len__(self) -> int:
        """Give the number of waiting messages."""
        return sum(len(line.messages) for line in self._lines.values())

    @property
    def has_ready(self) -> bool:
        """Whether a message can be taken now."""
        return self._next_queue() is not None

    def take(self) -> ReceivedMessage | None:
        """Give the next message of the queue whose turn it is."""
        lot = self.take_lot(1)
        return lot[0] if lot else None

    def take_lot(self, size: int) -> list[ReceivedMessage]:
        """Give up to *size* messages of the queue whose turn it is."""
        queue = self._next_queue()
        if queue is None:
            return []
        del self._ready[queue]
        line = self._lines[queue]
        messages = line.messages
        lot = [messages.popleft() for _ in range(min(size, len(messages)))]
        line.in_work = lot
        return lot

    def release(self, message: ReceivedMessage) -> None:
        """What was taken with *message* is out of work: the next of its queue may be.

        Nothing changes if it was out of work already.
        """
        queue = message.queue
        line = self._lines.get(queue)
        if line is None or not _is_among(message, line.in_work):
            return
        line.in_work = ()
        self._set_ready(queue, line)
        self._tell_idle(line)
        self._hand_out()

    def again(self, lot: Sequence[ReceivedMessage], after_s: float) -> None:
        """Put what was taken back in front; its queue rests for a while."""
        queue = lot[0].queue
        line = self._lines[queue]
        line.in_work = ()
        if not self._closed:
            line.messages.extendleft(reversed(lot))
            line.pause = self._clock.callLater(after_s, self._rested, queue)
        self._tell_idle(line)

    def put_back(self, message: ReceivedMessage) -> None:
        """Have *message*, which was taken in vain, come next in its queue."""
        line = self._lines.get(message.queue)
        if line is None or not _is_among(message, line.in_work):
            return
        if not self._closed:
            line.messages.appendleft(message)
        self.release(message)

    def idle(self, queue: MessageQueue) -> Deferred[None]:
        """Fires when nothing of *queue* is in work."""
        line = self._lines.get(queue)
        if line is None or not line.in_work:
            return succeed(None)
        line.idle.append(Deferred())
        return line.idle[-1]

    def is_in_work(self, queue: MessageQueue) -> bool:
        """Whether something of *queue* is in work."""
        line = self._lines.get(queue)
        return line is not None and bool(line.in_work)

    def wake(self) -> None:
        """Have queues that might not begin looked at again."""
        if self._asleep and not self._closed:
            self._ready.update(self._asleep)
            self._asleep.clear()
            self._arrived()

    def discard(self, queue: MessageQueue) -> None:
        """Forget the messages of one queue, and that it rests."""
        line = self._lines.get(queue)
        if line is not None:
            self._clear(queue, line)

    def _add(self, messages: Iterable[ReceivedMessage]) -> None:
        for message in messages:
            line = self._lines.get(message.queue)
            if line is None:
                line = self._lines[message.queue] = _Line()
            line.messages.append(message)
            self._set_ready(message.queue, line)

    def _forget_all(self) -> None:
        for queue, line in list(self._lines.items()):
            self._clear(queue, line)

    def _next_queue(self) -> MessageQueue | None:
        """Give the queue whose turn it is; those that may not begin go to sleep."""
        while self._ready:
            queue = next(iter(self._ready))
            if self._may_begin(queue):
                return queue
            del self._ready[queue]
            self._asleep[queue] = None
        return None

    def _set_ready(self, queue: MessageQueue, line: _Line) -> None:
        if line.in_work or line.pause is not None:
            return
        if not line.messages:
            del self._lines[queue]
        elif queue not in self._asleep:
            self._ready.setdefault(queue)

    def _rested(self, queue: MessageQueue) -> None:
        line = self._lines[queue]
        line.pause = None
        self._set_ready(queue, line)
        self._arrived()

    def _clear(self, queue: MessageQueue, line: _Line) -> None:
        line.messages.clear()
        self._ready.pop(queue, None)
        self._asleep.pop(queue, None)
        if line.pause is not None:
            line.pause.cancel()
            line.pause = None
        if not line.in_work:
            del self._lines[queue]

    def _tell_idle(self, line: _Line) -> None:
        """Tell who waits, and may well discard the queue; so this comes last."""
        waiting, line.idle = line.idle, []
        for each in waiting:
            each.callback(None)


def _is_among(message: ReceivedMessage, lot: Sequence[ReceivedMessage]) -> bool:
    return any(each is message for each in lot)
