"""Finding stored messages."""

from twistedmq.protocol.headers.base import Header, TopicHeader


class QueryMessageRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """QUERY_MESSAGE (12): Look messages up in the key index between two timestamps; the
    ext field _UNIQUE_KEY_QUERY=true selects look-up by unique key.
    """

    topic: str
    key: str
    max_num: int
    begin_timestamp: int
    end_timestamp: int
    index_type: str | None = None
    last_key: str | None = None


class QueryMessageResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to QUERY_MESSAGE (12)."""

    index_last_update_timestamp: int
    index_last_update_phyoffset: int


class ViewMessageRequestHeader(Header, kw_only=True, rename="camel"):
    """VIEW_MESSAGE_BY_ID (33): Read the message at a commit-log offset (taken from the
    offset message id).
    """

    topic: str | None = None
    offset: int


class QueryConsumeQueueRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """QUERY_CONSUME_QUEUE (321): Show raw consume-queue entries and whether a group's
    filter would pass them.
    """

    topic: str | None = None
    queue_id: int = 0
    index: int = 0
    count: int = 0
    consumer_group: str | None = None


class QueryConsumeTimeSpanRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """QUERY_CONSUME_TIME_SPAN (303): Read, per queue, the stored time range and the time
    that the group has reached.
    """

    topic: str
    group: str
