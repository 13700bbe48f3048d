"""Queue and consumer offsets."""

from twistedmq.protocol.headers.base import Header, RpcHeader, TopicHeader
from twistedmq.protocol.numbers import Int32, Int64


class QueryConsumerOffsetRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """QUERY_CONSUMER_OFFSET (14): Ask for the offset of a group on a queue."""

    consumer_group: str
    topic: str
    queue_id: Int32
    set_zero_if_not_found: bool | None = None


class QueryConsumerOffsetResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to QUERY_CONSUMER_OFFSET (14)."""

    offset: Int64


class UpdateConsumerOffsetRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """UPDATE_CONSUMER_OFFSET (15): Commit an offset of a group on a queue.

    Usually one-way.
    """

    consumer_group: str
    topic: str
    queue_id: Int32
    commit_offset: Int64


class UpdateConsumerOffsetResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to UPDATE_CONSUMER_OFFSET (15)."""


class SearchOffsetRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """SEARCH_OFFSET_BY_TIMESTAMP (29): Find the queue offset at a store time.

    At the lower or upper boundary.
    """

    topic: str
    queue_id: Int32
    timestamp: Int64
    boundary_type: str | None = None


class SearchOffsetResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to SEARCH_OFFSET_BY_TIMESTAMP (29)."""

    offset: Int64


class GetMaxOffsetRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """GET_MAX_OFFSET (30): Ask for the next offset to be written in a queue."""

    topic: str
    queue_id: Int32
    committed: bool = True


class GetMaxOffsetResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to GET_MAX_OFFSET (30)."""

    offset: Int64


class GetMinOffsetRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """GET_MIN_OFFSET (31): Ask for the first offset still kept in a queue."""

    topic: str
    queue_id: Int32


class GetMinOffsetResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to GET_MIN_OFFSET (31)."""

    offset: Int64


class GetEarliestMsgStoretimeRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """GET_EARLIEST_MSG_STORETIME (32): Ask when the oldest kept message was stored."""

    topic: str
    queue_id: Int32


class GetEarliestMsgStoretimeResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to GET_EARLIEST_MSG_STORETIME (32)."""

    timestamp: Int64


class ResetOffsetRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """RESET_CONSUMER_CLIENT_OFFSET (220): Make a consumer jump to new offsets.

    One-way; clients in C++ get ResetOffsetBodyForC instead.
    """

    group: str
    topic: str
    queue_id: Int32 = -1
    offset: Int64 | None = None
    timestamp: Int64 = 0
    is_force: bool = False


class GetConsumerStatusRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """GET_CONSUMER_STATUS_FROM_CLIENT (221): Ask a consumer for its local offsets."""

    topic: str
    group: str
    client_addr: str | None = None


class QueryCorrectionOffsetHeader(TopicHeader, kw_only=True, rename="camel"):
    """QUERY_CORRECTION_OFFSET (308): Compare the offsets of several groups.

    To find where a consumer can safely start again.
    """

    filter_groups: str | None = None
    compare_group: str
    topic: str


class CloneGroupOffsetRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """CLONE_GROUP_OFFSET (314): Copy one group's offsets to another group."""

    src_group: str
    dest_group: str
    topic: str | None = None
    offline: bool = False
