"""TwistedMQ: Apache RocketMQ's broker, name server and client, on Twisted."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twistedmq.admin.client import Admin
    from twistedmq.client.config_file import load_settings
    from twistedmq.client.consumer import Consumer
    from twistedmq.client.consuming import RetryLater
    from twistedmq.client.lite_pull_consumer import LitePullConsumer
    from twistedmq.client.message import (
        Durability,
        Message,
        MessageQueue,
        Receipt,
        ReceivedMessage,
    )
    from twistedmq.client.producer import Producer
    from twistedmq.client.pull_batch import PullBatch, PullStatus
    from twistedmq.client.pull_consumer import PullConsumer
    from twistedmq.client.reading import TopicReader
    from twistedmq.client.session import ClientSettings
    from twistedmq.client.simple_consumer import SimpleConsumer
    from twistedmq.client.starting import StartFrom
    from twistedmq.client.subscription import Sql
    from twistedmq.client.transactions import Outcome
    from twistedmq.protocol.bodies.clients import MessageModel

__version__ = "0.1.0.dev10"

__all__ = [
    "Admin",
    "ClientSettings",
    "Consumer",
    "Durability",
    "LitePullConsumer",
    "Message",
    "MessageModel",
    "MessageQueue",
    "Outcome",
    "Producer",
    "PullBatch",
    "PullConsumer",
    "PullStatus",
    "Receipt",
    "ReceivedMessage",
    "RetryLater",
    "SimpleConsumer",
    "Sql",
    "StartFrom",
    "TopicReader",
    "__version__",
    "load_settings",
]

_HOMES = {
    "Admin": "twistedmq.admin.client",
    "ClientSettings": "twistedmq.client.session",
    "Consumer": "twistedmq.client.consumer",
    "Durability": "twistedmq.client.message",
    "LitePullConsumer": "twistedmq.client.lite_pull_consumer",
    "Message": "twistedmq.client.message",
    "MessageModel": "twistedmq.protocol.bodies.clients",
    "MessageQueue": "twistedmq.client.message",
    "Outcome": "twistedmq.client.transactions",
    "Producer": "twistedmq.client.producer",
    "PullBatch": "twistedmq.client.pull_batch",
    "PullConsumer": "twistedmq.client.pull_consumer",
    "PullStatus": "twistedmq.client.pull_batch",
    "Receipt": "twistedmq.client.message",
    "ReceivedMessage": "twistedmq.client.message",
    "RetryLater": "twistedmq.client.consuming",
    "SimpleConsumer": "twistedmq.client.simple_consumer",
    "Sql": "twistedmq.client.subscription",
    "StartFrom": "twistedmq.client.starting",
    "TopicReader": "twistedmq.client.reading",
    "load_settings": "twistedmq.client.config_file",
}


def __getattr__(name: str) -> object:
    """Import what users need when they ask for it, so that servers need not."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    """List what can be asked for."""
    return sorted({*globals(), *__all__})
