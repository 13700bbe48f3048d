"""Polling from asyncio."""

from asyncio import CancelledError
from typing import Any

from twistedmq.aio.face import Face, gives_future, passed_on, signature_of
from twistedmq.aio.futures import lost_to_cancel
from twistedmq.aio.iteration import Iteration
from twistedmq.client.lite_pull_consumer import LitePullConsumer as Core
from twistedmq.client.message import MessageQueue, ReceivedMessage


class LitePullConsumer(Face[Core]):
    """Polls messages of queues that are shared out in the group, or of one's own.

    ::

        async with LitePullConsumer("billing", {"orders": "*"}) as consumer:
            while messages := await consumer.poll():
                for message in messages:
                    await charge(message.body)

    Arguments and errors are those of ``twistedmq.LitePullConsumer``. A ``poll`` may be
    cancelled (``asyncio.timeout``) without losing a message.
    """

    @signature_of(Core)
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(Core, args, kwargs)

    @property
    def client_id(self) -> str:
        """The id by which brokers know this client."""
        return self._core.client_id

    @property
    def assignment(self) -> list[MessageQueue]:
        """The queues that this member has now."""
        return self._core.assignment

    @property
    def paused(self) -> frozenset[MessageQueue]:
        """The queues that are held back."""
        return self._core.paused

    assign = gives_future(Core.assign)
    on_assigned = passed_on(Core.on_assigned)
    on_queues_changed = passed_on(Core.on_queues_changed)
    queues = gives_future(Core.queues)
    min_offset = gives_future(Core.min_offset)
    max_offset = gives_future(Core.max_offset)
    offset_at = gives_future(Core.offset_at)
    seek = gives_future(Core.seek)
    seek_to_begin = gives_future(Core.seek_to_begin)
    seek_to_end = gives_future(Core.seek_to_end)
    position = passed_on(Core.position)
    pause = passed_on(Core.pause)
    resume = passed_on(Core.resume)
    commit = gives_future(Core.commit)
    committed = gives_future(Core.committed)

    async def poll(
        self, timeout_s: float = 5.0, max_messages: int = 32
    ) -> list[ReceivedMessage]:
        """Give the next messages, none if none came in time; see the core's."""
        self._check_loop()
        future = self._future(self._core.poll(timeout_s, max_messages))
        try:
            return await future
        except CancelledError:
            if lost_to_cancel(future):
                self._core.take_back()
            raise

    def __aiter__(self) -> Iteration:
        """Iterate over messages; several iterations share them."""
        self._check_loop()
        return Iteration(self._core.__aiter__())
