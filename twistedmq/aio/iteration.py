"""``async for`` over messages, in a task."""

from asyncio import CancelledError, sleep
from typing import Self

from twisted.internet.defer import Deferred

from twistedmq.aio.face import LoopBound
from twistedmq.aio.futures import lost_to_cancel
from twistedmq.client.iteration import Iteration as CoreIteration
from twistedmq.client.message import ReceivedMessage

AT_A_TIME = 64
"""Messages handed out before other tasks get a turn, where all of them are there."""


class Iteration(LoopBound):
    """One ``async for``. Asking for the next message acks the one before it."""

    _core: CoreIteration

    def __init__(self, core: CoreIteration) -> None:
        super().__init__(core)
        self._given = 0

    def __aiter__(self) -> Self:
        """Give itself."""
        return self

    async def __anext__(self) -> ReceivedMessage:
        """Give the next message; ends when the client is closed.

        It may be cancelled (``asyncio.timeout``) without losing a message.
        """
        self._check_loop()
        self._core.ack_last()
        self._given += 1
        if self._given % AT_A_TIME == 0:
            await sleep(0)
        future = self._future(Deferred.fromCoroutine(self._core.__anext__()))
        try:
            return await future
        except CancelledError:
            if lost_to_cancel(future):
                self._core.take_back()
            raise
