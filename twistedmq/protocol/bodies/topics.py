"""Topics and what is known about them."""

from enum import StrEnum

from msgspec import Struct, field

from twistedmq.protocol.bodies.mappings import (
    TopicQueueMappingDetail,
    TopicQueueMappingInfo,
)
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.versions import DataVersion
from twistedmq.protocol.numbers import Int32, Int64


class TopicFilterType(StrEnum):
    """Old way to say how many tags a message may have."""

    SINGLE_TAG = "SINGLE_TAG"
    MULTI_TAG = "MULTI_TAG"


class TopicConfig(Struct, kw_only=True, rename="camel"):
    """What a topic is like on one broker."""

    attributes: dict[str, str] = {}
    order: bool = False
    perm: Int32 = 6
    read_queue_nums: Int32 = 16
    topic_filter_type: TopicFilterType = TopicFilterType.SINGLE_TAG
    topic_name: str = ""
    topic_sys_flag: Int32 = 0
    write_queue_nums: Int32 = 16


class TopicConfigAndQueueMapping(TopicConfig, kw_only=True, rename="camel"):
    """A topic with its static mapping."""

    mapping_detail: TopicQueueMappingDetail | None = None


class TopicConfigSerializeWrapper(Struct, kw_only=True, rename="camel"):
    """All topics of a broker, with their version."""

    data_version: DataVersion = field(default_factory=DataVersion)
    topic_config_table: dict[str, TopicConfig] = {}


class TopicConfigAndMappingSerializeWrapper(
    TopicConfigSerializeWrapper, kw_only=True, rename="camel"
):
    """All topics of a broker, with static mappings."""

    mapping_data_version: DataVersion = field(default_factory=DataVersion)
    topic_queue_mapping_detail_map: dict[str, TopicQueueMappingDetail] = {}
    topic_queue_mapping_info_map: dict[str, TopicQueueMappingInfo] = {}


class RegisterBrokerBody(Struct, kw_only=True, rename="camel"):
    """What a broker tells a name server about its topics."""

    filter_server_list: list[str] = []
    topic_config_serialize_wrapper: TopicConfigAndMappingSerializeWrapper = field(
        default_factory=TopicConfigAndMappingSerializeWrapper
    )


class CreateTopicListRequestBody(Struct, kw_only=True, rename="camel"):
    """Topics to be made at once."""

    topic_config_list: list[TopicConfig] = []


class TopicList(Struct, kw_only=True, rename="camel"):
    """Names of topics."""

    broker_addr: str | None = None
    topic_list: list[str] = []


class TopicOffset(Struct, kw_only=True, rename="camel"):
    """The ends of one queue."""

    last_update_timestamp: Int64 = 0
    max_offset: Int64 = 0
    min_offset: Int64 = 0


class TopicStatsTable(Struct, kw_only=True, rename="camel"):
    """The ends of all queues of a topic."""

    offset_table: dict[MessageQueue, TopicOffset] = {}
    topic_put_tps: float = 0.0
