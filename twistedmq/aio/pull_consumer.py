"""Pulling by hand from asyncio."""

from typing import Any

from twistedmq.aio.face import Face, gives_future, passed_on, signature_of
from twistedmq.client.pull_consumer import PullConsumer as Core


class PullConsumer(Face[Core]):
    """Reads queues at any offset, and keeps the progress of a group where it is told.

    ::

        async with PullConsumer("audit") as consumer:
            for queue in await consumer.queues("orders"):
                offset = await consumer.committed(queue) or 0
                batch = await consumer.pull(queue, offset)
                for message in batch.messages:
                    await check(message.body)
                await consumer.commit(queue, batch.next_offset)

    Arguments and errors are those of ``twistedmq.PullConsumer``.
    """

    @signature_of(Core)
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(Core, args, kwargs)

    @property
    def client_id(self) -> str:
        """The id by which brokers know this client."""
        return self._core.client_id

    queues = gives_future(Core.queues)
    on_queues_changed = passed_on(Core.on_queues_changed)
    pull = gives_future(Core.pull)
    min_offset = gives_future(Core.min_offset)
    max_offset = gives_future(Core.max_offset)
    offset_at = gives_future(Core.offset_at)
    committed = gives_future(Core.committed)
    commit = gives_future(Core.commit)
    view = gives_future(Core.view)
    send_back = gives_future(Core.send_back)
