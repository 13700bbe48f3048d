"""Where a group begins that has no offset yet."""

from datetime import datetime
from enum import Enum

from twistedmq.client.calls import BrokerCalls
from twistedmq.client.errors import ArgumentError
from twistedmq.client.routing import Routes
from twistedmq.protocol.bodies.clients import ConsumeFromWhere
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.names import is_retry_topic


class StartFrom(Enum):
    """The two ends of a queue."""

    LAST = ConsumeFromWhere.CONSUME_FROM_LAST_OFFSET
    FIRST = ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET


Start = StartFrom | datetime
"""An end, or a time: the first message stored then or later."""


def check_start(start: Start) -> None:
    """See that *start* is a beginning. Raises: ArgumentError."""
    if not isinstance(start, StartFrom | datetime):
        limit = "StartFrom.FIRST, StartFrom.LAST or a datetime"
        raise ArgumentError("start_from", start, limit)


def heartbeat_value(start: Start) -> ConsumeFromWhere:
    """Give the name under which brokers are told."""
    if isinstance(start, datetime):
        return ConsumeFromWhere.CONSUME_FROM_TIMESTAMP
    return start.value


async def start_offset(
    queue: MessageQueue, start: Start, calls: BrokerCalls, routes: Routes
) -> int:
    """Give the offset to begin with in a queue without a committed one.

    A retry topic is young and small: a group that begins wants all of it.
    """
    if start is StartFrom.FIRST or is_retry_topic(queue.topic):
        # where that is too low, the broker says so and tells the lowest one
        return 0
    address = routes.address(queue.broker_name)
    if isinstance(start, datetime):
        time_ms = int(start.timestamp() * 1000)
        return await calls.offset_at(address, queue, time_ms)
    return await calls.max_offset(address, queue)
