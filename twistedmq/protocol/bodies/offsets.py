"""Consumer offsets and queue positions."""

from msgspec import Struct, field

from twistedmq.protocol.bodies.queues import MessageQueue, MessageQueueForC
from twistedmq.protocol.bodies.versions import DataVersion
from twistedmq.protocol.numbers import Int32, Int64


class ConsumerOffsetSerializeWrapper(Struct, kw_only=True, rename="camel"):
    """Offsets by "topic@group" and queue id."""

    data_version: DataVersion = field(default_factory=DataVersion)
    offset_table: dict[str, dict[Int32, Int64]] = {}


class DelayOffsetSerializeWrapper(Struct, kw_only=True, rename="camel"):
    """How far each delay level is."""

    data_version: DataVersion = field(default_factory=DataVersion)
    offset_table: dict[Int32, Int64] = {}


class OffsetSerializeWrapper(Struct, kw_only=True, rename="camel"):
    """Offsets that a broadcasting consumer keeps on its disk."""

    offset_table: dict[MessageQueue, Int64] = {}


class QueryCorrectionOffsetBody(Struct, kw_only=True, rename="camel"):
    """Offsets by queue id."""

    correction_offsets: dict[Int32, Int64] = {}


class ResetOffsetBody(Struct, kw_only=True, rename="camel"):
    """Offsets that a consumer is to jump to."""

    offset_table: dict[MessageQueue, Int64] = {}


class ResetOffsetBodyForC(Struct, kw_only=True, rename="camel"):
    """The same for clients in C++."""

    offset_table: list[MessageQueueForC] = []


class GetConsumerStatusBody(Struct, kw_only=True, rename="camel"):
    """The offsets of each client of a group."""

    consumer_table: dict[str, dict[MessageQueue, Int64]] = {}
    message_queue_table: dict[MessageQueue, Int64] = {}


class QueueTimeSpan(Struct, kw_only=True, rename="camel"):
    """Stored times of one queue, and how far behind a group is."""

    consume_time_stamp: Int64 = 0
    consume_time_stamp_str: str = ""
    delay_time: Int64 = 0
    max_time_stamp: Int64 = 0
    max_time_stamp_str: str = ""
    message_queue: MessageQueue = field(default_factory=MessageQueue)
    min_time_stamp: Int64 = 0
    min_time_stamp_str: str = ""


class QueryConsumeTimeSpanBody(Struct, kw_only=True, rename="camel"):
    """Stored times of all queues of a topic."""

    consume_time_span_set: list[QueueTimeSpan] = []


class OffsetMovedEvent(Struct, kw_only=True, rename="camel"):
    """A consumer asked for an offset that is gone."""

    consumer_group: str = ""
    message_queue: MessageQueue = field(default_factory=MessageQueue)
    offset_new: Int64 = 0
    offset_request: Int64 = 0
