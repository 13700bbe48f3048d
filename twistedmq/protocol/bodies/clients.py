"""Live clients: heartbeats, connections, locks."""

from enum import StrEnum

from msgspec import Struct, field

from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.subscriptions import SubscriptionData
from twistedmq.protocol.numbers import Int32, Int64


class MessageModel(StrEnum):
    """Whether the members of a group share the messages."""

    BROADCASTING = "BROADCASTING"
    CLUSTERING = "CLUSTERING"


class ConsumeType(StrEnum):
    """How a consumer gets its messages."""

    CONSUME_ACTIVELY = "CONSUME_ACTIVELY"
    CONSUME_PASSIVELY = "CONSUME_PASSIVELY"
    CONSUME_POP = "CONSUME_POP"


class ConsumeFromWhere(StrEnum):
    """Where a group without offsets starts."""

    CONSUME_FROM_LAST_OFFSET = "CONSUME_FROM_LAST_OFFSET"
    CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST = (
        "CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST"
    )
    CONSUME_FROM_MIN_OFFSET = "CONSUME_FROM_MIN_OFFSET"
    CONSUME_FROM_MAX_OFFSET = "CONSUME_FROM_MAX_OFFSET"
    CONSUME_FROM_FIRST_OFFSET = "CONSUME_FROM_FIRST_OFFSET"
    CONSUME_FROM_TIMESTAMP = "CONSUME_FROM_TIMESTAMP"


class CMResult(StrEnum):
    """What a consumer made of a message."""

    CR_SUCCESS = "CR_SUCCESS"
    CR_LATER = "CR_LATER"
    CR_ROLLBACK = "CR_ROLLBACK"
    CR_COMMIT = "CR_COMMIT"
    CR_THROW_EXCEPTION = "CR_THROW_EXCEPTION"
    CR_RETURN_NULL = "CR_RETURN_NULL"


class ConsumerData(Struct, kw_only=True, rename="camel"):
    """One consumer group in a heartbeat."""

    consume_from_where: ConsumeFromWhere = ConsumeFromWhere.CONSUME_FROM_LAST_OFFSET
    consume_type: ConsumeType = ConsumeType.CONSUME_PASSIVELY
    group_name: str = ""
    message_model: MessageModel = MessageModel.CLUSTERING
    subscription_data_set: list[SubscriptionData] = []
    unit_mode: bool = False


class ProducerData(Struct, kw_only=True, rename="camel"):
    """One producer group in a heartbeat."""

    group_name: str = ""


class HeartbeatData(Struct, kw_only=True, rename="camel"):
    """What a client tells each broker every 30 seconds."""

    client_id: str = field(default="", name="clientID")
    consumer_data_set: list[ConsumerData] = []
    heartbeat_fingerprint: Int32 = 0
    producer_data_set: list[ProducerData] = []
    without_sub: bool = False


class Connection(Struct, kw_only=True, rename="camel"):
    """One client of a group."""

    client_addr: str = ""
    client_id: str = ""
    language: str = "OTHER"
    version: Int32 = 0


class ConsumerConnection(Struct, kw_only=True, rename="camel"):
    """The members of a consumer group and what they want."""

    connection_set: list[Connection] = []
    consume_from_where: ConsumeFromWhere = ConsumeFromWhere.CONSUME_FROM_LAST_OFFSET
    consume_type: ConsumeType = ConsumeType.CONSUME_PASSIVELY
    message_model: MessageModel = MessageModel.CLUSTERING
    subscription_table: dict[str, SubscriptionData] = {}


class ProducerConnection(Struct, kw_only=True, rename="camel"):
    """The members of a producer group."""

    connection_set: list[Connection] = []


class ProducerInfo(Struct, kw_only=True, rename="camel"):
    """One producer."""

    client_id: str = ""
    language: str = "OTHER"
    last_update_timestamp: Int64 = 0
    remote_ip: str = field(default="", name="remoteIP")
    version: Int32 = 0


class ProducerTableInfo(Struct, kw_only=True, rename="camel"):
    """The producers of each group."""

    data: dict[str, list[ProducerInfo]] = {}


class GetConsumerListByGroupResponseBody(Struct, kw_only=True, rename="camel"):
    """The client ids of a consumer group."""

    consumer_id_list: list[str] = []


class LockBatchRequestBody(Struct, kw_only=True, rename="camel"):
    """Queues that an orderly consumer wants to itself."""

    client_id: str = ""
    consumer_group: str = ""
    mq_set: list[MessageQueue] = []
    only_this_broker: bool = False


class LockBatchResponseBody(Struct, kw_only=True, rename="camel"):
    """Queues that it got."""

    lock_ok_mq_set: list[MessageQueue] = field(default_factory=list, name="lockOKMQSet")


class UnlockBatchRequestBody(Struct, kw_only=True, rename="camel"):
    """Queues that it gives back."""

    client_id: str = ""
    consumer_group: str = ""
    mq_set: list[MessageQueue] = []
    only_this_broker: bool = False
