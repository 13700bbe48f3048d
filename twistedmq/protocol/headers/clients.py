"""Live clients and what is asked of them."""

from msgspec import field

from twistedmq.protocol.headers.base import Header, RpcHeader, TopicHeader
from twistedmq.protocol.numbers import Int32


class UnregisterClientRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """UNREGISTER_CLIENT (35): Drop a client from its producer or consumer group."""

    client_id: str = field(name="clientID")
    producer_group: str | None = None
    consumer_group: str | None = None


class UnregisterClientResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to UNREGISTER_CLIENT (35)."""


class GetConsumerListByGroupRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """GET_CONSUMER_LIST_BY_GROUP (38): List the client ids of a group.

    Consumers rebalance by it.
    """

    consumer_group: str


class GetConsumerListByGroupResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to GET_CONSUMER_LIST_BY_GROUP (38)."""


class NotifyConsumerIdsChangedRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """NOTIFY_CONSUMER_IDS_CHANGED (40): Tell consumers to rebalance.

    One-way; sent when the membership of the group changed.
    """

    consumer_group: str


class LockBatchMqRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """LOCK_BATCH_MQ (41): Take or renew queue locks for ordered consumption.

    May be absent; it exists for authorization and the proxy.
    """


class UnlockBatchMqRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """UNLOCK_BATCH_MQ (42): Give queue locks back."""


class GetConsumerConnectionListRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """GET_CONSUMER_CONNECTION_LIST (203): List a consumer group.

    Gives its connections and subscriptions.
    """

    consumer_group: str


class GetProducerConnectionListRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """GET_PRODUCER_CONNECTION_LIST (204): List the connections of a producer group."""

    producer_group: str


class GetConsumerRunningInfoRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """GET_CONSUMER_RUNNING_INFO (307): Ask a consumer for its inner state.

    Asked through its broker; optionally with a thread dump.
    """

    consumer_group: str
    client_id: str
    jstack_enable: bool = False


class ConsumeMessageDirectlyResultRequestHeader(
    TopicHeader, kw_only=True, rename="camel"
):
    """CONSUME_MESSAGE_DIRECTLY (309): Have a consumer process one message now.

    A given online consumer; it reports the outcome.
    """

    consumer_group: str
    client_id: str | None = None
    msg_id: str | None = None
    broker_name: str | None = None
    topic: str | None = None
    topic_sys_flag: Int32 | None = None
    group_sys_flag: Int32 | None = None


class GetAllProducerInfoRequestHeader(Header, kw_only=True, rename="camel"):
    """GET_ALL_PRODUCER_INFO (328): List all producer groups with their clients."""
