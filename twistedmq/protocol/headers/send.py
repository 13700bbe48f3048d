"""Sending, sending back, replying."""

from msgspec import field

from twistedmq.protocol.headers.base import Header, RpcHeader, TopicHeader
from twistedmq.protocol.numbers import Int32, Int64


class SendMessageRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """SEND_MESSAGE (10): Store one message.

    With the long field names; kept for old producers.
    """

    producer_group: str
    topic: str
    default_topic: str
    default_topic_queue_nums: Int32
    queue_id: Int32
    sys_flag: Int32
    born_timestamp: Int64
    flag: Int32
    properties: str | None = None
    reconsume_times: Int32 | None = None
    unit_mode: bool | None = None
    batch: bool | None = None
    max_reconsume_times: Int32 | None = None


class SendMessageResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to SEND_MESSAGE (10)."""

    msg_id: str
    queue_id: Int32
    queue_offset: Int64
    transaction_id: str | None = None
    batch_uniq_id: str | None = None
    recall_handle: str | None = None


class SendMessageRequestHeaderV2(TopicHeader, kw_only=True, rename="camel"):
    """SEND_MESSAGE_V2 (310): Store one message.

    With one-letter field names; what producers use by default.
    """

    producer_group: str = field(name="a")
    topic: str = field(name="b")
    default_topic: str = field(name="c")
    default_topic_queue_nums: Int32 = field(name="d")
    queue_id: Int32 = field(name="e")
    sys_flag: Int32 = field(name="f")
    born_timestamp: Int64 = field(name="g")
    flag: Int32 = field(name="h")
    properties: str | None = field(default=None, name="i")
    reconsume_times: Int32 | None = field(default=None, name="j")
    unit_mode: bool | None = field(default=None, name="k")
    max_reconsume_times: Int32 | None = field(default=None, name="l")
    batch: bool | None = field(default=None, name="m")
    broker_name: str | None = field(default=None, name="n")


class ConsumerSendMsgBackRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """CONSUMER_SEND_MSG_BACK (36): Return a failed message.

    It is redelivered later from the retry topic; exhausted, it goes to the DLQ.
    """

    offset: Int64
    group: str
    delay_level: Int32
    origin_msg_id: str | None = None
    origin_topic: str | None = None
    unit_mode: bool = False
    max_reconsume_times: Int32 | None = None


class EndTransactionRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """END_TRANSACTION (37): Commit or roll back a half message; oneway from clients."""

    topic: str | None = None
    producer_group: str
    tran_state_table_offset: Int64
    commit_log_offset: Int64
    commit_or_rollback: Int32
    from_transaction_check: bool = False
    msg_id: str
    transaction_id: str | None = None


class CheckTransactionStateRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """CHECK_TRANSACTION_STATE (39): Ask a producer for the fate of a half message.

    One-way; answered by END_TRANSACTION.
    """

    topic: str | None = None
    tran_state_table_offset: Int64
    commit_log_offset: Int64
    msg_id: str | None = None
    transaction_id: str | None = None
    offset_msg_id: str | None = None


class RecallMessageRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """RECALL_MESSAGE (370): Cancel a pending timed message.

    By the handle that its send returned; off by default.
    """

    producer_group: str | None = None
    topic: str
    recall_handle: str


class RecallMessageResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to RECALL_MESSAGE (370)."""

    msg_id: str


class ReplyMessageRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """PUSH_REPLY_MESSAGE_TO_CLIENT (326): Hand a reply to the waiting requester.

    Found by the property REPLY_TO_CLIENT.
    """

    producer_group: str
    topic: str
    default_topic: str
    default_topic_queue_nums: Int32
    queue_id: Int32
    sys_flag: Int32
    born_timestamp: Int64
    flag: Int32
    properties: str | None = None
    reconsume_times: Int32 | None = None
    unit_mode: bool = False
    born_host: str
    store_host: str
    store_timestamp: Int64 = 0
