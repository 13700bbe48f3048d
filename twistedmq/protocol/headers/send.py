"""Sending, sending back, replying."""

from msgspec import field

from twistedmq.protocol.headers.base import Header, RpcHeader, TopicHeader


class SendMessageRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """SEND_MESSAGE (10): Store one message, using the long header field names; kept for
    old producers.
    """

    producer_group: str
    topic: str
    default_topic: str
    default_topic_queue_nums: int
    queue_id: int
    sys_flag: int
    born_timestamp: int
    flag: int
    properties: str | None = None
    reconsume_times: int | None = None
    unit_mode: bool | None = None
    batch: bool | None = None
    max_reconsume_times: int | None = None


class SendMessageResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to SEND_MESSAGE (10)."""

    msg_id: str
    queue_id: int
    queue_offset: int
    transaction_id: str | None = None
    batch_uniq_id: str | None = None
    recall_handle: str | None = None


class SendMessageRequestHeaderV2(TopicHeader, kw_only=True, rename="camel"):
    """SEND_MESSAGE_V2 (310): Store one message, with one-letter header fields; what
    current producers use by default.
    """

    producer_group: str = field(name="a")
    topic: str = field(name="b")
    default_topic: str = field(name="c")
    default_topic_queue_nums: int = field(name="d")
    queue_id: int = field(name="e")
    sys_flag: int = field(name="f")
    born_timestamp: int = field(name="g")
    flag: int = field(name="h")
    properties: str | None = field(default=None, name="i")
    reconsume_times: int | None = field(default=None, name="j")
    unit_mode: bool | None = field(default=None, name="k")
    max_reconsume_times: int | None = field(default=None, name="l")
    batch: bool | None = field(default=None, name="m")
    broker_name: str | None = field(default=None, name="n")


class ConsumerSendMsgBackRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """CONSUMER_SEND_MSG_BACK (36): Return a failed message for delayed redelivery to the
    group's retry topic or, when exhausted, its dead-letter topic.
    """

    offset: int
    group: str
    delay_level: int
    origin_msg_id: str | None = None
    origin_topic: str | None = None
    unit_mode: bool = False
    max_reconsume_times: int | None = None


class EndTransactionRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """END_TRANSACTION (37): Commit or roll back a half message; oneway from clients."""

    topic: str | None = None
    producer_group: str
    tran_state_table_offset: int
    commit_log_offset: int
    commit_or_rollback: int
    from_transaction_check: bool = False
    msg_id: str
    transaction_id: str | None = None


class CheckTransactionStateRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """CHECK_TRANSACTION_STATE (39): Ask a producer of the group for the fate of a half
    message; a oneway which is answered by END_TRANSACTION.
    """

    topic: str | None = None
    tran_state_table_offset: int
    commit_log_offset: int
    msg_id: str | None = None
    transaction_id: str | None = None
    offset_msg_id: str | None = None


class RecallMessageRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """RECALL_MESSAGE (370): Cancel a pending timed message by the recallHandle returned at
    send; off by default (recallMessageEnable).
    """

    producer_group: str | None = None
    topic: str
    recall_handle: str


class RecallMessageResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to RECALL_MESSAGE (370)."""

    msg_id: str


class ReplyMessageRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """PUSH_REPLY_MESSAGE_TO_CLIENT (326): Hand a reply to the waiting requester, found by
    the REPLY_TO_CLIENT property.
    """

    producer_group: str
    topic: str
    default_topic: str
    default_topic_queue_nums: int
    queue_id: int
    sys_flag: int
    born_timestamp: int
    flag: int
    properties: str | None = None
    reconsume_times: int | None = None
    unit_mode: bool = False
    born_host: str
    store_host: str
    store_timestamp: int = 0
