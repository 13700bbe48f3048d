"""The clients for asyncio programs: the same names, giving Futures.

::

    from twistedmq.aio import Message, Producer

    async def main() -> None:
        async with Producer("shop", nameservers="127.0.0.1:9876") as producer:
            await producer.send(Message("orders", b"hello"))

    asyncio.run(main())

Nothing has to be prepared: a client finds the running loop, and stands on a reactor
that is only that loop's (see ``attach``). It has no threads of its own.
"""

from typing import TYPE_CHECKING

from twistedmq.aio.consumer import Consumer
from twistedmq.aio.errors import (
    LoopError,
    NoLoopError,
    ReactorInstalledError,
    WrongLoopError,
)
from twistedmq.aio.lite_pull_consumer import LitePullConsumer
from twistedmq.aio.loops import attach
from twistedmq.aio.producer import Producer
from twistedmq.aio.pull_consumer import PullConsumer
from twistedmq.aio.reading import TopicReader
from twistedmq.aio.simple_consumer import SimpleConsumer
from twistedmq.client.config_file import load_settings
from twistedmq.client.consuming import RetryLater
from twistedmq.client.message import (
    Durability,
    Message,
    MessageQueue,
    Receipt,
    ReceivedMessage,
)
from twistedmq.client.pull_batch import PullBatch, PullStatus
from twistedmq.client.session import ClientSettings
from twistedmq.client.starting import StartFrom
from twistedmq.client.subscription import Sql
from twistedmq.client.transactions import Outcome
from twistedmq.protocol.bodies.clients import MessageModel

if TYPE_CHECKING:
    from twistedmq.aio.admin import Admin

__all__ = [
    "Admin",
    "ClientSettings",
    "Consumer",
    "Durability",
    "LitePullConsumer",
    "LoopError",
    "Message",
    "MessageModel",
    "MessageQueue",
    "NoLoopError",
    "Outcome",
    "Producer",
    "PullBatch",
    "PullConsumer",
    "PullStatus",
    "ReactorInstalledError",
    "Receipt",
    "ReceivedMessage",
    "RetryLater",
    "SimpleConsumer",
    "Sql",
    "StartFrom",
    "TopicReader",
    "WrongLoopError",
    "attach",
    "load_settings",
]


def __getattr__(name: str) -> object:
    """Import Admin when it is asked for: it has many parts, which few need."""
    if name == "Admin":
        from twistedmq.aio.admin import Admin  # noqa: PLC0415

        return Admin
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
