"""Finding stored messages."""

from twistedmq.protocol.headers.base import Header, TopicHeader
from twistedmq.protocol.numbers import Int32, Int64


class QueryMessageRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """QUERY_MESSAGE (12): Look messages up by key between two times.

    The extra field _UNIQUE_KEY_QUERY=true means a unique key.
    """

    topic: str
    key: str
    max_num: Int32
    begin_timestamp: Int64
    end_timestamp: Int64
    index_type: str | None = None
    last_key: str | None = None


class QueryMessageResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to QUERY_MESSAGE (12)."""

    index_last_update_timestamp: Int64
    index_last_update_phyoffset: Int64


class ViewMessageRequestHeader(Header, kw_only=True, rename="camel"):
    """VIEW_MESSAGE_BY_ID (33): Read the message at a physical offset.

    Which stands in its message id.
    """

    topic: str | None = None
    offset: Int64


class QueryConsumeQueueRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """QUERY_CONSUME_QUEUE (321): Show raw queue entries.

    And whether a filter of a group would let them pass.
    """

    topic: str | None = None
    queue_id: Int32 = 0
    index: Int64 = 0
    count: Int32 = 0
    consumer_group: str | None = None


class QueryConsumeTimeSpanRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """QUERY_CONSUME_TIME_SPAN (303): Read the stored time range of each queue.

    And the time up to which a group has consumed.
    """

    topic: str
    group: str
