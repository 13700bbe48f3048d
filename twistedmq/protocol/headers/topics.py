"""Topics of a broker."""

from twistedmq.protocol.headers.base import Header, RpcHeader, TopicHeader
from twistedmq.protocol.numbers import Int32


class CreateTopicRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """UPDATE_AND_CREATE_TOPIC (17): Create a topic or change its settings."""

    topic: str
    default_topic: str
    read_queue_nums: Int32
    write_queue_nums: Int32
    perm: Int32
    topic_filter_type: str
    topic_sys_flag: Int32 | None = None
    order: bool = False
    attributes: str | None = None
    force: bool = False


class CreateTopicListRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """UPDATE_AND_CREATE_TOPIC_LIST (18): Create or change several topics at once."""


class GetAllTopicConfigRequestHeader(Header, kw_only=True, rename="camel"):
    """GET_ALL_TOPIC_CONFIG (21): Fetch all topics of a broker.

    In pages where topic_seq is given.
    """

    topic_seq: Int32 | None = None
    data_version: str | None = None
    max_topic_num: Int32 | None = None


class GetAllTopicConfigResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to GET_ALL_TOPIC_CONFIG (21)."""

    total_topic_num: Int32


class GetTopicConfigRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """GET_TOPIC_CONFIG (351): Read one topic, with its static mapping."""

    topic: str


class DeleteTopicRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """DELETE_TOPIC_IN_BROKER (215): Remove a topic and its queues from a broker."""

    topic: str


class GetTopicStatsInfoRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """GET_TOPIC_STATS_INFO (202): Read the ends of every queue of a topic."""

    topic: str


class QueryTopicConsumeByWhoRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """QUERY_TOPIC_CONSUME_BY_WHO (300): List the groups that consume a topic."""

    topic: str


class QueryTopicsByConsumerRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """QUERY_TOPICS_BY_CONSUMER (343): List the topics for which a group has offsets."""

    group: str
