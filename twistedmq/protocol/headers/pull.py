"""Pulling."""

from twistedmq.protocol.headers.base import Header, TopicHeader


class PullMessageRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """PULL_MESSAGE (11): Read messages of one queue from an offset, with optional long
    polling, tag/SQL filter and offset commit.
    """

    consumer_group: str
    topic: str
    queue_id: int
    queue_offset: int
    max_msg_nums: int
    sys_flag: int
    commit_offset: int
    suspend_timeout_millis: int
    subscription: str | None = None
    sub_version: int
    expression_type: str | None = None
    max_msg_bytes: int | None = None
    request_source: int | None = None
    proxy_froward_client_id: str | None = None


class PullMessageResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to PULL_MESSAGE (11)."""

    suggest_which_broker_id: int
    next_begin_offset: int
    min_offset: int
    max_offset: int
    offset_delta: int | None = None
    topic_sys_flag: int | None = None
    group_sys_flag: int | None = None
    forbidden_type: int | None = None
