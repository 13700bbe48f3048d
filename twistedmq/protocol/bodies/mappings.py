"""Static topics: logical queues over physical ones."""

from msgspec import Struct

from twistedmq.protocol.numbers import Int32, Int64


class LogicQueueMappingItem(Struct, kw_only=True, rename="camel"):
    """One stretch of a logical queue on one physical queue."""

    bname: str = ""
    end_offset: Int64 = -1
    gen: Int32 = 0
    logic_offset: Int64 = 0
    queue_id: Int32 = 0
    start_offset: Int64 = 0
    time_of_end: Int64 = -1
    time_of_start: Int64 = -1


class TopicQueueMappingInfo(Struct, kw_only=True, rename="camel"):
    """Which logical queues of a topic a broker holds."""

    bname: str = ""
    curr_id_map: dict[Int32, Int32] = {}
    dirty: bool = False
    epoch: Int64 = 0
    scope: str = ""
    topic: str = ""
    total_queues: Int32 = 0


class TopicQueueMappingDetail(TopicQueueMappingInfo, kw_only=True, rename="camel"):
    """The same with all stretches of each logical queue."""

    hosted_queues: dict[Int32, list[LogicQueueMappingItem]] = {}
