"""Who keeps what: brokers, queues, clusters."""

from msgspec import Struct, field

from twistedmq.protocol.bodies.mappings import TopicQueueMappingInfo
from twistedmq.protocol.numbers import Int32, Int64


class BrokerData(Struct, kw_only=True, rename="camel"):
    """The addresses of one broker by broker id; 0 is the master."""

    broker_addrs: dict[Int64, str] = {}
    broker_name: str = ""
    cluster: str = ""
    enable_acting_master: bool = False
    zone_name: str | None = None


class QueueData(Struct, kw_only=True, rename="camel"):
    """How many queues a topic has on one broker."""

    broker_name: str = ""
    perm: Int32 = 0
    read_queue_nums: Int32 = 0
    topic_sys_flag: Int32 = 0
    write_queue_nums: Int32 = 0


class TopicRouteData(Struct, kw_only=True, rename="camel"):
    """Where a topic is found."""

    broker_datas: list[BrokerData] = []
    filter_server_table: dict[str, list[str]] = {}
    order_topic_conf: str | None = None
    queue_datas: list[QueueData] = []
    topic_queue_mapping_by_broker: dict[str, TopicQueueMappingInfo] | None = None


class ClusterInfo(Struct, kw_only=True, rename="camel"):
    """All brokers, and the brokers of each cluster."""

    broker_addr_table: dict[str, BrokerData] = {}
    cluster_addr_table: dict[str, list[str]] = {}


class BrokerMemberGroup(Struct, kw_only=True, rename="camel"):
    """A master and its slaves."""

    broker_addrs: dict[Int64, str] = {}
    broker_name: str = ""
    cluster: str = ""


class GetBrokerMemberGroupResponseBody(Struct, kw_only=True, rename="camel"):
    """The answer to GET_BROKER_MEMBER_GROUP (901)."""

    broker_member_group: BrokerMemberGroup = field(default_factory=BrokerMemberGroup)
