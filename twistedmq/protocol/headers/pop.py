"""Popping: messages that are lent for a while."""

from twistedmq.protocol.headers.base import Header, TopicHeader
from twistedmq.protocol.numbers import Int32, Int64


class PopMessageRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """POP_MESSAGE (200050): Lend messages of a topic to a consumer for a while."""

    consumer_group: str
    topic: str
    queue_id: Int32
    """-1: of all queues."""
    max_msg_nums: Int32
    invisible_time: Int64
    poll_time: Int64
    born_time: Int64
    init_mode: Int32
    """Where a new group begins: 0 at the first message, else at the last one."""
    exp_type: str | None = None
    exp: str | None = None
    order: bool | None = None
    attempt_id: str | None = None


class PopMessageResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to POP_MESSAGE (200050) and PEEK_MESSAGE (200052)."""

    pop_time: Int64
    invisible_time: Int64
    revive_qid: Int32
    rest_num: Int64
    start_offset_info: str | None = None
    msg_offset_info: str | None = None
    order_count_info: str | None = None


class AckMessageRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """ACK_MESSAGE (200051): One popped message is done."""

    consumer_group: str
    topic: str
    queue_id: Int32
    extra_info: str
    offset: Int64


class PeekMessageRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """PEEK_MESSAGE (200052): Look at messages without taking them."""

    topic: str
    queue_id: Int32
    max_msg_nums: Int32
    consumer_group: str


class ChangeInvisibleTimeRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """CHANGE_MESSAGE_INVISIBLETIME (200053): Keep a popped message for longer."""

    consumer_group: str
    topic: str
    queue_id: Int32
    extra_info: str
    offset: Int64
    invisible_time: Int64


class ChangeInvisibleTimeResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to CHANGE_MESSAGE_INVISIBLETIME (200053)."""

    pop_time: Int64
    invisible_time: Int64
    revive_qid: Int32
