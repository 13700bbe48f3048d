"""Sending from asyncio."""

from typing import Any

from twistedmq.aio.face import Face, gives_future, signature_of
from twistedmq.aio.futures import DeferredFuture
from twistedmq.aio.handlers import TaskHandler
from twistedmq.aio.loops import running_loop
from twistedmq.client.message import Message
from twistedmq.client.producer import Producer as Core
from twistedmq.client.transactions import LocalTransaction, TransactionReceipt


class Producer(Face[Core]):
    """Sends messages to a cluster.

    ::

        async with Producer("shop", nameservers="127.0.0.1:9876") as producer:
            receipt = await producer.send(Message("orders", b"hello", tag="new"))

    It belongs to the loop in which it is made. Arguments and errors are those of
    ``twistedmq.Producer``; without a *reactor* it is that of the running loop, and
    *check* may be a coroutine function of asyncio.
    Cancelling a send gives it up; it may have been stored all the same.
    """

    @signature_of(Core)
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("check") is not None:
            loop = running_loop("twistedmq.aio.Producer")
            kwargs["check"] = TaskHandler(kwargs["check"], loop)
        super().__init__(Core, args, kwargs)

    @property
    def client_id(self) -> str:
        """The id by which brokers know this client."""
        return self._core.client_id

    send = gives_future(Core.send)
    send_batch = gives_future(Core.send_batch)
    send_one_way = gives_future(Core.send_one_way)
    recall = gives_future(Core.recall)
    request = gives_future(Core.request)
    reply = gives_future(Core.reply)
    queues = gives_future(Core.queues)

    def send_in_transaction(
        self,
        message: Message,
        local: LocalTransaction,
        *,
        timeout_s: float | None = None,
    ) -> DeferredFuture[TransactionReceipt]:
        """Send a message that nobody gets before *local* has done its work.

        *local* may be a coroutine function of asyncio, which then runs as a task; see
        the core's ``send_in_transaction``.
        """
        self._check_loop()
        work = TaskHandler(local, self._loop)
        return self._future(
            self._core.send_in_transaction(message, work, timeout_s=timeout_s)
        )
