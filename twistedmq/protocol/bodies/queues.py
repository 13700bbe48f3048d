"""Queues by name."""

from msgspec import Struct

from twistedmq.protocol.numbers import Int32, Int64


class MessageQueue(Struct, frozen=True, order=True, rename="camel"):
    """A queue: which topic, on which broker, which number; a map key, too."""

    topic: str = ""
    broker_name: str = ""
    queue_id: Int32 = 0


class MessageQueueForC(Struct, kw_only=True, rename="camel"):
    """A queue with an offset, for clients in C++."""

    broker_name: str = ""
    offset: Int64 = 0
    queue_id: Int32 = 0
    topic: str = ""
