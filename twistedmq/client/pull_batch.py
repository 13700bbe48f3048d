"""What one pull brings."""

from collections.abc import Sequence
from enum import Enum

from msgspec import Struct

from twistedmq.client.calls import PullAnswer
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.received import read_messages
from twistedmq.client.subscription import Subscription
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import ResponseCode


class PullStatus(Enum):
    """What came of a pull."""

    FOUND = ResponseCode.SUCCESS
    NO_NEW = ResponseCode.PULL_NOT_FOUND
    """The queue has nothing at the offset yet."""
    NO_MATCH = ResponseCode.PULL_RETRY_IMMEDIATELY
    """There were messages, none of them wanted: go on at ``next_offset``."""
    OFFSET_ILLEGAL = ResponseCode.PULL_OFFSET_MOVED
    """The queue has no such offset; ``next_offset`` is the nearest that it has."""


class PullBatch(Struct, frozen=True, kw_only=True):
    """The messages of one pull, in queue order. Offsets are counts of messages."""

    status: PullStatus
    messages: Sequence[ReceivedMessage] = ()
    next_offset: int
    """Where the next pull should begin."""
    min_offset: int
    """The first offset that the queue still has."""
    max_offset: int
    """The offset that the next message of the queue will have."""


def read_batch(
    answer: PullAnswer, queue: MessageQueue, subscription: Subscription, start: int
) -> PullBatch:
    """Read what a broker answered to a pull that began at *start*."""
    header = answer.header
    found = answer.code == ResponseCode.SUCCESS
    records = answer.records if found else b""
    messages = read_messages(records, queue.broker_name, subscription, start)
    return PullBatch(
        status=PullStatus(ResponseCode(answer.code)),
        messages=list(messages),
        next_offset=header.next_begin_offset,
        min_offset=header.min_offset,
        max_offset=header.max_offset,
    )
