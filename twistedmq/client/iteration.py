"""``async for`` over the messages of a consumer."""

from collections.abc import Callable
from typing import Self

from twistedmq.client.inbox import Inbox
from twistedmq.client.message import ReceivedMessage


class Iteration:
    """One ``async for``. Asking for the next message acks the one before it."""

    def __init__(self, inbox: Inbox, ack: Callable[[ReceivedMessage], object]) -> None:
        self._inbox = inbox
        self._ack = ack
        self._last: ReceivedMessage | None = None

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
        return message

    def ack_last(self) -> None:
        """Ack the message that was handed out last, if it is not acked yet."""
        last, self._last = self._last, None
        if last is not None:
            self._ack(last)
