"""Consuming from asyncio as a member of a group."""

from typing import Any

from twisted.internet.defer import Deferred

from twistedmq.aio.face import Face, gives_future, passed_on, signature_of
from twistedmq.aio.futures import PatientFuture
from twistedmq.aio.handlers import Handler, TaskHandler
from twistedmq.aio.iteration import Iteration
from twistedmq.client.consumer import Consumer as Core
from twistedmq.client.message import MessageQueue, ReceivedMessage


class Consumer(Face[Core]):
    """Consumes topics as one of a group.

    ::

        async with Consumer("billing", {"orders": "new || paid"}) as consumer:
            async for message in consumer:  # asking for the next one acks this one
                await charge(message.body)

        await Consumer("billing", {"orders": "*"}).run(charge)

    It belongs to the loop in which it is made. Arguments, errors and what counts as
    consumed are those of ``twistedmq.Consumer``; without a *reactor* it is that of the
    running loop. A message that was in work in a task that is cancelled is not acked,
    and comes again.
    """

    @signature_of(Core)
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(Core, args, kwargs)

    @property
    def client_id(self) -> str:
        """The id by which brokers know this client."""
        return self._core.client_id

    @property
    def queues(self) -> list[MessageQueue]:
        """The queues that this member consumes now, retry queues among them."""
        return self._core.queues

    ack = passed_on(Core.ack)
    retry_later = gives_future(Core.retry_later)
    subscribe = gives_future(Core.subscribe)
    unsubscribe = gives_future(Core.unsubscribe)
    suspend = passed_on(Core.suspend)
    resume = passed_on(Core.resume)

    async def run(self, handler: Handler[ReceivedMessage]) -> None:
        """Call *handler* for each message, until ``close`` or until this is cancelled.

        Starts the consumer if need be, and closes it: who cancels this waits until what
        is in work is finished and committed. A second time does not wait.

        Args:
            handler: what it gives to be awaited runs as a task, up to *concurrency* of
                them at a time. It runs in a copy of the context of this call.
        """
        self._check_loop()
        await self._patiently(self._core.run(TaskHandler(handler, self._loop)))

    async def run_batches(
        self, handler: Handler[list[ReceivedMessage]], *, size: int = 32
    ) -> None:
        """Call *handler* with up to *size* messages of one queue at a time.

        See the core's ``run_batches``, and ``run``.
        """
        self._check_loop()
        lots = TaskHandler(handler, self._loop)
        await self._patiently(self._core.run_batches(lots, size=size))

    async def _patiently(self, run: Deferred[None]) -> None:
        await PatientFuture(run, self._loop)

    def __aiter__(self) -> Iteration:
        """Iterate over messages; several iterations share them."""
        self._check_loop()
        return Iteration(self._core.__aiter__())
