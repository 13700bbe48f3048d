"""What a running consumer says of itself."""

from msgspec import Struct, field

from twistedmq.protocol.bodies.clients import CMResult
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.subscriptions import SubscriptionData
from twistedmq.protocol.numbers import Int32, Int64


class ProcessQueueInfo(Struct, kw_only=True, rename="camel"):
    """What a consumer holds of one queue."""

    cached_msg_count: Int32 = 0
    cached_msg_max_offset: Int64 = 0
    cached_msg_min_offset: Int64 = 0
    cached_msg_size_in_mib: Int32 = field(default=0, name="cachedMsgSizeInMiB")
    commit_offset: Int64 = 0
    droped: bool = False
    last_consume_timestamp: Int64 = 0
    last_lock_timestamp: Int64 = 0
    last_pull_timestamp: Int64 = 0
    locked: bool = False
    transaction_msg_count: Int32 = 0
    transaction_msg_max_offset: Int64 = 0
    transaction_msg_min_offset: Int64 = 0
    try_unlock_times: Int64 = 0


class PopProcessQueueInfo(Struct, kw_only=True, rename="camel"):
    """What a popping consumer holds of one queue."""

    droped: bool = False
    last_pop_timestamp: Int64 = 0
    wait_ack_count: Int32 = 0


class ConsumeStatus(Struct, kw_only=True, rename="camel"):
    """Rates of one topic in a consumer."""

    consume_failed_msgs: Int64 = 0
    consume_failed_tps: float = field(default=0.0, name="consumeFailedTPS")
    consume_ok_tps: float = field(default=0.0, name="consumeOKTPS")
    consume_rt: float = field(default=0.0, name="consumeRT")
    pull_rt: float = field(default=0.0, name="pullRT")
    pull_tps: float = field(default=0.0, name="pullTPS")


class ConsumerRunningInfo(Struct, kw_only=True, rename="camel"):
    """The inner state of a consumer."""

    jstack: str | None = None
    mq_pop_table: dict[MessageQueue, PopProcessQueueInfo] = {}
    mq_table: dict[MessageQueue, ProcessQueueInfo] = {}
    properties: dict[str, str] = {}
    status_table: dict[str, ConsumeStatus] = {}
    subscription_set: list[SubscriptionData] = []
    user_consumer_info: dict[str, str] = {}


class ConsumeMessageDirectlyResult(Struct, kw_only=True, rename="camel"):
    """What came of consuming a message on demand."""

    auto_commit: bool = True
    consume_result: CMResult = CMResult.CR_SUCCESS
    order: bool = False
    remark: str | None = None
    spent_time_mills: Int64 = 0
