"""Topics of a broker."""

from twistedmq.protocol.headers.base import Header, RpcHeader, TopicHeader


class CreateTopicRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """UPDATE_AND_CREATE_TOPIC (17): Create a topic on the broker or change its settings."""

    topic: str
    default_topic: str
    read_queue_nums: int
    write_queue_nums: int
    perm: int
    topic_filter_type: str
    topic_sys_flag: int | None = None
    order: bool = False
    attributes: str | None = None
    force: bool = False


class CreateTopicListRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """UPDATE_AND_CREATE_TOPIC_LIST (18): Create or change several topics at once."""


class GetAllTopicConfigRequestHeader(Header, kw_only=True, rename="camel"):
    """GET_ALL_TOPIC_CONFIG (21): Fetch all topic definitions with their version; paged
    when the request carries topicSeq.
    """

    topic_seq: int
    data_version: str | None = None
    max_topic_num: int | None = None


class GetAllTopicConfigResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to GET_ALL_TOPIC_CONFIG (21)."""

    total_topic_num: int


class GetTopicConfigRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """GET_TOPIC_CONFIG (351): Read one topic's definition, with static mapping if there is
    one.
    """

    topic: str


class DeleteTopicRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """DELETE_TOPIC_IN_BROKER (215): Remove a topic and its queues from a broker."""

    topic: str


class GetTopicStatsInfoRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """GET_TOPIC_STATS_INFO (202): Read min/max offset and last store time of every queue
    of a topic.
    """

    topic: str


class QueryTopicConsumeByWhoRequestHeader(TopicHeader, kw_only=True, rename="camel"):
    """QUERY_TOPIC_CONSUME_BY_WHO (300): List the groups that consume a topic."""

    topic: str


class QueryTopicsByConsumerRequestHeader(RpcHeader, kw_only=True, rename="camel"):
    """QUERY_TOPICS_BY_CONSUMER (343): List the topics for which a group has offsets."""

    group: str
