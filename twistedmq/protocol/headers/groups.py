"""Consumer groups of a broker."""

from twistedmq.protocol.headers.base import Header, RpcHeader, TopicHeader
from twistedmq.protocol.numbers import Int32


class GetAllSubscriptionGroupRequestHeader(Header, kw_only=True, rename="camel"):
    """GET_ALL_SUBSCRIPTIONGROUP_CONFIG (201): Fetch all consumer groups.

    In pages where group_seq is given.
    """

    group_seq: Int32 | None = None
    data_version: str | None = None
    max_group_num: Int32 | None = None


class GetAllSubscriptionGroupResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to GET_ALL_SUBSCRIPTIONGROUP_CONFIG (201)."""

    total_group_num: Int32


class DeleteSubscriptionGroupRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """DELETE_SUBSCRIPTIONGROUP (207): Remove a consumer group and maybe its offsets."""

    group_name: str
    clean_offset: bool = False


class GetSubscriptionGroupConfigRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """GET_SUBSCRIPTIONGROUP_CONFIG (352): Read one consumer group's settings."""

    group: str


class GetConsumeStatsRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """GET_CONSUME_STATS (208): Read how far a group is in each queue."""

    consumer_group: str
    topic: str | None = None
    topic_list: str | None = None


class QuerySubscriptionByConsumerRequestHeader(
    TopicHeader, kw_only=True, rename="camel"
):
    """QUERY_SUBSCRIPTION_BY_CONSUMER (345): Read what a group takes of a topic."""

    group: str
    topic: str | None = None


class UpdateGroupForbiddenRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """UPDATE_AND_GET_GROUP_FORBIDDEN (353): Set or read if a group may read a topic."""

    group: str
    topic: str
    readable: bool | None = None


class GetConsumeStatsInBrokerHeader(Header, kw_only=True, rename="camel"):
    """GET_BROKER_CONSUME_STATS (317): Read how far all groups of a broker are."""

    is_order: bool = False
