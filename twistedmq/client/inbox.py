"""Messages that were fetched and wait for somebody to consume them."""

from collections import deque
from collections.abc import Callable, Iterable

from twisted.internet.defer import Deferred, succeed

from twistedmq.client.message import ReceivedMessage
from twistedmq.protocol.bodies.queues import MessageQueue


class Inbox:
    """A line of messages, and a line of those who wait for one.

    ``on_arrival`` is called when there is something to take, for those that do not
    wait.
    """

    def __init__(self) -> None:
        self.on_arrival: Callable[[], object] | None = None
        self._messages: deque[ReceivedMessage] = deque()
        self._waiting: deque[Deferred[ReceivedMessage | None]] = deque()
        self._closed = False

    def __len__(self) -> int:
        """Give the number of waiting messages."""
        return len(self._messages)

    @property
    def has_ready(self) -> bool:
        """Whether a message can be taken now."""
        return bool(self._messages)

    def put(self, messages: Iterable[ReceivedMessage]) -> None:
        """Add messages; those who wait get theirs at once. None when it is closed."""
        if not self._closed:
            self._add(messages)
            self._arrived()

    def take(self) -> ReceivedMessage | None:
        """Give the next message if there is one."""
        return self._messages.popleft() if self._messages else None

    def take_lot(self, size: int) -> list[ReceivedMessage]:
        """Give up to *size* next messages of one queue; none if there is none."""
        messages = self._messages
        if not messages:
            return []
        lot = [messages.popleft()]
        queue = lot[0].queue
        while messages and len(lot) < size and messages[0].queue == queue:
            lot.append(messages.popleft())
        return lot

    def get(self) -> Deferred[ReceivedMessage | None]:
        """Fires with the next message; with None when the inbox is closed."""
        if self._closed:
            return succeed(None)
        message = self.take()
        if message is not None:
            return succeed(message)
        waiting: Deferred[ReceivedMessage | None] = Deferred(self._waiting.remove)
        self._waiting.append(waiting)
        return waiting

    def release(self, message: ReceivedMessage) -> None:
        """What was taken with *message* is out of work; see ``OrderedInbox``."""

    def put_back(self, message: ReceivedMessage) -> None:
        """Have *message*, which was taken but reached nobody, come next."""
        if not self._closed:
            self._messages.appendleft(message)
            self._arrived()

    def discard(self, queue: MessageQueue) -> None:
        """Forget the messages of one queue."""
        self._messages = deque(each for each in self._messages if each.queue != queue)

    def close(self) -> None:
        """Forget all messages and tell those who wait."""
        self._closed = True
        self._forget_all()
        while self._waiting:
            self._waiting.popleft().callback(None)

    def _add(self, messages: Iterable[ReceivedMessage]) -> None:
        self._messages.extend(messages)

    def _forget_all(self) -> None:
        self._messages.clear()

    def _hand_out(self) -> None:
        """Give messages to those who wait."""
        while self._waiting and self.has_ready:
            self._waiting.popleft().callback(self.take())

    def _arrived(self) -> None:
        self._hand_out()
        if self.on_arrival is not None and self.has_ready:
            self.on_arrival()
