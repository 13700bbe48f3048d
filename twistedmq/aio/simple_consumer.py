"""Borrowing messages from asyncio, and acknowledging them one by one."""

from typing import Any

from twistedmq.aio.face import Face, gives_future, signature_of
from twistedmq.aio.iteration import Iteration
from twistedmq.client.simple_consumer import SimpleConsumer as Core


class SimpleConsumer(Face[Core]):
    """Takes messages for a while, and acknowledges them one by one.

    ::

        async with SimpleConsumer("billing", {"orders": "new || paid"}) as consumer:
            for message in await consumer.receive():
                await charge(message.body)
                await consumer.ack(message)

    Arguments and errors are those of ``twistedmq.SimpleConsumer``. Messages of a
    ``receive`` that is cancelled come again when their time is over.
    """

    @signature_of(Core)
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(Core, args, kwargs)

    @property
    def client_id(self) -> str:
        """The id by which brokers know this client."""
        return self._core.client_id

    receive = gives_future(Core.receive)
    ack = gives_future(Core.ack)
    ack_all = gives_future(Core.ack_all)
    change_invisible = gives_future(Core.change_invisible)
    nack = gives_future(Core.nack)
    bury = gives_future(Core.bury)

    def __aiter__(self) -> Iteration:
        """Iterate over messages; several iterations share them."""
        self._check_loop()
        return Iteration(self._core.__aiter__())
