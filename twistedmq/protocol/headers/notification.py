"""Being told that there is something to pop."""

from twistedmq.protocol.headers.base import Header, TopicHeader
from twistedmq.protocol.numbers import Int32, Int64


class NotificationRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """NOTIFICATION (200054): Wait until a message may be popped.

    Queue -1 is any queue of the topic.
    """

    consumer_group: str
    topic: str
    queue_id: Int32
    poll_time: Int64
    born_time: Int64 = 0
    order: bool | None = False
    attempt_id: str | None = None


class NotificationResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to NOTIFICATION (200054)."""

    has_msg: bool = False
    polling_full: bool = False


class PollingInfoRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """POLLING_INFO (200055): How many pops wait for a message of a queue."""

    consumer_group: str
    topic: str
    queue_id: Int32


class PollingInfoResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to POLLING_INFO (200055)."""

    polling_num: Int32 = 0
