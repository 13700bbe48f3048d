"""Consumer groups and how far they are."""

from enum import StrEnum

from msgspec import Struct, field

from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.subscriptions import SubscriptionData
from twistedmq.protocol.bodies.versions import DataVersion
from twistedmq.protocol.numbers import Int32, Int64


class GroupRetryPolicyType(StrEnum):
    """How the delay of a redelivery grows."""

    EXPONENTIAL = "EXPONENTIAL"
    CUSTOMIZED = "CUSTOMIZED"


class ExponentialRetryPolicy(Struct, kw_only=True, rename="camel"):
    """Delays that grow by a factor, in ms."""

    initial: Int64 = 5000
    max: Int64 = 7200000
    multiplier: Int64 = 2


class CustomizedRetryPolicy(Struct, kw_only=True, rename="camel"):
    """Delays by list, in ms."""

    next: list[Int64] = []


class GroupRetryPolicy(Struct, kw_only=True, rename="camel"):
    """When a failed message comes back."""

    customized_retry_policy: CustomizedRetryPolicy | None = None
    exponential_retry_policy: ExponentialRetryPolicy | None = None
    type: GroupRetryPolicyType = GroupRetryPolicyType.CUSTOMIZED


class SimpleSubscriptionData(Struct, kw_only=True, rename="camel"):
    """What a group takes of a topic."""

    expression: str = ""
    expression_type: str = ""
    topic: str = ""
    version: Int64 = 0


class SubscriptionGroupConfig(Struct, kw_only=True, rename="camel"):
    """What a consumer group may do on one broker."""

    attributes: dict[str, str] = {}
    broker_id: Int64 = 0
    consume_broadcast_enable: bool = True
    consume_enable: bool = True
    consume_from_min_enable: bool = True
    consume_message_orderly: bool = False
    consume_timeout_minute: Int32 = 15
    group_name: str = ""
    group_retry_policy: GroupRetryPolicy = field(default_factory=GroupRetryPolicy)
    group_sys_flag: Int32 = 0
    notify_consumer_ids_changed_enable: bool = True
    retry_max_times: Int32 = 16
    retry_queue_nums: Int32 = 1
    subscription_data_set: list[SimpleSubscriptionData] | None = None
    which_broker_when_consume_slowly: Int64 = 1


class SubscriptionGroupWrapper(Struct, kw_only=True, rename="camel"):
    """All consumer groups of a broker, with their version."""

    data_version: DataVersion = field(default_factory=DataVersion)
    forbidden_table: dict[str, dict[str, Int32]] = {}
    subscription_group_table: dict[str, SubscriptionGroupConfig] = {}


class SubscriptionGroupList(Struct, kw_only=True, rename="camel"):
    """Consumer groups to be made at once."""

    group_config_list: list[SubscriptionGroupConfig] = []


class GroupList(Struct, kw_only=True, rename="camel"):
    """Names of groups."""

    group_list: list[str] = []


class GroupForbidden(Struct, kw_only=True, rename="camel"):
    """Whether a group may read a topic."""

    group: str = ""
    readable: bool = False
    topic: str = ""


class OffsetWrapper(Struct, kw_only=True, rename="camel"):
    """How far a group is in one queue."""

    broker_offset: Int64 = 0
    consumer_offset: Int64 = 0
    last_timestamp: Int64 = 0
    pull_offset: Int64 = 0


class ConsumeStats(Struct, kw_only=True, rename="camel"):
    """How far a group is in all its queues."""

    consume_tps: float = 0.0
    offset_table: dict[MessageQueue, OffsetWrapper] = {}


class ConsumeStatsList(Struct, kw_only=True, rename="camel"):
    """How far all groups of a broker are."""

    broker_addr: str = ""
    consume_stats_list: list[dict[str, list[ConsumeStats]]] = []
    total_diff: Int64 = 0
    total_inflight_diff: Int64 = 0


class ConsumeByWho(Struct, kw_only=True, rename="camel"):
    """Which groups have consumed a message."""

    consumed_group: list[str] = []
    not_consumed_group: list[str] = []
    offset: Int64 = 0
    queue_id: Int32 = 0
    topic: str = ""


class QuerySubscriptionResponseBody(Struct, kw_only=True, rename="camel"):
    """The answer to QUERY_SUBSCRIPTION_BY_CONSUMER (345)."""

    group: str = ""
    subscription_data: SubscriptionData | None = None
    topic: str = ""
