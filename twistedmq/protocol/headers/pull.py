"""Pulling."""

from twistedmq.protocol.headers.base import Header, TopicHeader
from twistedmq.protocol.numbers import Int32, Int64


class PullMessageRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """PULL_MESSAGE (11): Read messages of one queue from an offset.

    With optional long polling, tag or SQL filter and offset commit.
    """

    consumer_group: str
    topic: str
    queue_id: Int32
    queue_offset: Int64
    max_msg_nums: Int32
    sys_flag: Int32
    commit_offset: Int64
    suspend_timeout_millis: Int64
    subscription: str | None = None
    sub_version: Int64
    expression_type: str | None = None
    max_msg_bytes: Int32 | None = None
    request_source: Int32 | None = None
    proxy_froward_client_id: str | None = None


class PullMessageResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to PULL_MESSAGE (11)."""

    suggest_which_broker_id: Int64
    next_begin_offset: Int64
    min_offset: Int64
    max_offset: Int64
    offset_delta: Int64 | None = None
    topic_sys_flag: Int32 | None = None
    group_sys_flag: Int32 | None = None
    forbidden_type: Int32 | None = None
