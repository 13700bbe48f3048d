"""Live clients and what is asked of them."""

from msgspec import field

from twistedmq.protocol.headers.base import Header, RpcHeader, TopicHeader


class UnregisterClientRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """UNREGISTER_CLIENT (35): Drop a client from its producer or consumer group."""

    client_id: str = field(name="clientID")
    producer_group: str | None = None
    consumer_group: str | None = None


class UnregisterClientResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to UNREGISTER_CLIENT (35)."""


class GetConsumerListByGroupRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """GET_CONSUMER_LIST_BY_GROUP (38): List the client ids of a consumer group, for
    client-side rebalance.
    """

    consumer_group: str


class GetConsumerListByGroupResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to GET_CONSUMER_LIST_BY_GROUP (38)."""


class NotifyConsumerIdsChangedRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """NOTIFY_CONSUMER_IDS_CHANGED (40): Tell consumers that the group's membership changed
    so that they rebalance; a oneway.
    """

    consumer_group: str


class LockBatchMqRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """LOCK_BATCH_MQ (41): Take or renew the queue locks for ordered consumption; the
    header class exists for authorization and proxy use and may be absent.
    """


class UnlockBatchMqRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """UNLOCK_BATCH_MQ (42): Give queue locks back."""


class GetConsumerConnectionListRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """GET_CONSUMER_CONNECTION_LIST (203): List the connections and subscriptions of a
    consumer group.
    """

    consumer_group: str


class GetProducerConnectionListRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """GET_PRODUCER_CONNECTION_LIST (204): List the connections of a producer group."""

    producer_group: str


class GetConsumerRunningInfoRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """GET_CONSUMER_RUNNING_INFO (307): Ask a consumer, through its broker, for its
    internal state and optionally a thread dump.
    """

    consumer_group: str
    client_id: str
    jstack_enable: bool = False


class ConsumeMessageDirectlyResultRequestHeader(
    TopicHeader, kw_only=True, rename="camel"
):
    """CONSUME_MESSAGE_DIRECTLY (309): Have a given online consumer process one message at
    once and report the outcome.
    """

    consumer_group: str
    client_id: str | None = None
    msg_id: str | None = None
    broker_name: str | None = None
    topic: str | None = None
    topic_sys_flag: int | None = None
    group_sys_flag: int | None = None


class GetAllProducerInfoRequestHeader(Header, kw_only=True, rename="camel"):
    """GET_ALL_PRODUCER_INFO (328): List all producer groups with their clients."""
