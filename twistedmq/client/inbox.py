"""Messages that were fetched and wait for somebody to consume them."""

from collections import deque
from collections.abc import Callable, Iterable

from twisted.internet.defer import Deferred, succeed

from twistedmq.client.message import ReceivedMessage
from twistedmq.protocol.bodies.queues import MessageQueue


class Inbox:
    """A line of messages, and a line of those who wait for one.

    ``on_arrival`` is called after messages came in, for consumers that do not wait.
    """

    def __init__(self) -> None:
        self.on_arrival: Callable[[], object] | None = None
        self._messages: deque[ReceivedMessage] = deque()
        self._waiting: deque[Deferred[ReceivedMessage | None]] = deque()
        self._closed = False

    def __len__(self) -> int:
        """Give the number of waiting messages."""
        return len(self._messages)

    def put(self, messages: Iterable[ReceivedMessage]) -> None:
        """Add messages; those who wait get theirs at once. None when it is closed."""
        if self._closed:
            return
        self._messages.extend(messages)
        while self._waiting and self._messages:
            self._waiting.popleft().callback(self._messages.popleft())
        if self.on_arrival is not None and self._messages:
            self.on_arrival()

    def take(self) -> ReceivedMessage | None:
        """Give the next message if there is one."""
        return self._messages.popleft() if self._messages else None

    def get(self) -> Deferred[ReceivedMessage | None]:
        """Fires with the next message; with None when the inbox is closed."""
        if self._closed:
            return succeed(None)
        if self._messages:
            return succeed(self._messages.popleft())
        waiting: Deferred[ReceivedMessage | None] = Deferred(self._waiting.remove)
        self._waiting.append(waiting)
        return waiting

    def discard(self, queue: MessageQueue) -> None:
        """Forget the messages of one queue."""
        self._messages = deque(each for each in self._messages if each.queue != queue)

    def close(self) -> None:
        """Forget all messages and tell those who wait."""
        self._closed = True
        self._messages.clear()
        while self._waiting:
            self._waiting.popleft().callback(None)
