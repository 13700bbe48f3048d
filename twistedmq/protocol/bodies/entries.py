"""Raw queue entries."""

from msgspec import Struct

from twistedmq.protocol.bodies.subscriptions import SubscriptionData
from twistedmq.protocol.numbers import Int32, Int64


class ConsumeQueueData(Struct, kw_only=True, rename="camel"):
    """One queue entry, and whether a group would get its message."""

    bit_map: str | None = None
    eval: bool = False
    extend_data_json: str | None = None
    msg: str | None = None
    physic_offset: Int64 = 0
    physic_size: Int32 = 0
    tags_code: Int64 = 0


class QueryConsumeQueueResponseBody(Struct, kw_only=True, rename="camel"):
    """The answer to QUERY_CONSUME_QUEUE (321)."""

    filter_data: str | None = None
    max_queue_index: Int64 = 0
    min_queue_index: Int64 = 0
    queue_data: list[ConsumeQueueData] = []
    subscription_data: SubscriptionData | None = None
