"""What a name server is asked."""

from twistedmq.protocol.headers.base import Header, TopicHeader
from twistedmq.protocol.numbers import Int32, Int64


class PutKVConfigRequestHeader(Header, kw_only=True, rename="camel"):
    """PUT_KV_CONFIG (100): Set one key in a name-server namespace."""

    namespace: str
    key: str
    value: str


class GetKVConfigRequestHeader(Header, kw_only=True, rename="camel"):
    """GET_KV_CONFIG (101): Read one key from a name-server namespace."""

    namespace: str
    key: str


class GetKVConfigResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to GET_KV_CONFIG (101)."""

    value: str | None = None


class DeleteKVConfigRequestHeader(Header, kw_only=True, rename="camel"):
    """DELETE_KV_CONFIG (102): Remove one key from a name-server namespace."""

    namespace: str
    key: str


class RegisterBrokerRequestHeader(Header, kw_only=True, rename="camel"):
    """REGISTER_BROKER (103): Announce a broker with its topics.

    The answer names the master and its HA address; its body is the order table.
    """

    broker_name: str
    broker_addr: str
    cluster_name: str
    ha_server_addr: str
    broker_id: Int64
    heartbeat_timeout_millis: Int64 | None = None
    enable_acting_master: bool | None = None
    compressed: bool = False
    body_crc32: Int32 = 0


class RegisterBrokerResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to REGISTER_BROKER (103)."""

    ha_server_addr: str | None = None
    master_addr: str | None = None


class UnRegisterBrokerRequestHeader(Header, kw_only=True, rename="camel"):
    """UNREGISTER_BROKER (104): Withdraw a broker that shuts down."""

    broker_name: str
    broker_addr: str
    cluster_name: str
    broker_id: Int64


class GetRouteInfoRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """GET_ROUTEINFO_BY_TOPIC (105): Look up which brokers and queues serve a topic."""

    topic: str
    accept_standard_json_only: bool | None = None


class WipeWritePermOfBrokerRequestHeader(Header, kw_only=True, rename="camel"):
    """WIPE_WRITE_PERM_OF_BROKER (205): Stop writes to a broker.

    Takes the write bit off all its queues in the route table.
    """

    broker_name: str


class WipeWritePermOfBrokerResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to WIPE_WRITE_PERM_OF_BROKER (205)."""

    wipe_topic_count: Int32


class AddWritePermOfBrokerRequestHeader(Header, kw_only=True, rename="camel"):
    """ADD_WRITE_PERM_OF_BROKER (327): Allow writes to a broker.

    Gives the write bit back to all its queues in the route table.
    """

    broker_name: str


class AddWritePermOfBrokerResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to ADD_WRITE_PERM_OF_BROKER (327)."""

    add_topic_count: Int32


class DeleteTopicFromNamesrvRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """DELETE_TOPIC_IN_NAMESRV (216): Forget a topic in the route table.

    Wholly, or for one cluster.
    """

    topic: str
    cluster_name: str | None = None


class GetKVListByNamespaceRequestHeader(Header, kw_only=True, rename="camel"):
    """GET_KVLIST_BY_NAMESPACE (219): Read a whole name-server namespace."""

    namespace: str


class GetTopicsByClusterRequestHeader(Header, kw_only=True, rename="camel"):
    """GET_TOPICS_BY_CLUSTER (224): List the topics of a cluster."""

    cluster: str


class QueryDataVersionRequestHeader(Header, kw_only=True, rename="camel"):
    """QUERY_DATA_VERSION (322): Ask whether a topic table is out of date.

    If not, a registration can be skipped; it is a sign of life, too.
    """

    broker_name: str
    broker_addr: str
    cluster_name: str
    broker_id: Int64


class QueryDataVersionResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to QUERY_DATA_VERSION (322)."""

    changed: bool


class GetBrokerMemberGroupRequestHeader(Header, kw_only=True, rename="camel"):
    """GET_BROKER_MEMBER_GROUP (901): List the brokers that share a name."""

    cluster_name: str
    broker_name: str


class BrokerHeartbeatRequestHeader(Header, kw_only=True, rename="camel"):
    """BROKER_HEARTBEAT (904): A light sign of life of a broker.

    With replication progress where a controller is used.
    """

    cluster_name: str
    broker_addr: str
    broker_name: str
    broker_id: Int64 | None = None
    epoch: Int32 | None = None
    max_offset: Int64 | None = None
    confirm_offset: Int64 | None = None
    heartbeat_timeout_mills: Int64 | None = None
    election_priority: Int32 | None = None


class RegisterTopicRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """REGISTER_TOPIC_IN_NAMESRV (217): Add one topic to the route table."""

    topic: str


class NotifyMinBrokerIdChangeRequestHeader(Header, kw_only=True, rename="camel"):
    """NOTIFY_MIN_BROKER_ID_CHANGE (905): Tell brokers who stands in for a master."""

    min_broker_id: int | None = None
    broker_name: str | None = None
    min_broker_addr: str | None = None
    offline_broker_addr: str | None = None
    ha_broker_addr: str | None = None
