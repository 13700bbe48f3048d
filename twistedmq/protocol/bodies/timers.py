"""How many messages wait for their time: GET_TIMER_METRICS, and the file of the same.

Upstream: TimerMetrics.TimerMetricsSerializeWrapper.
"""

from msgspec import Struct, field

from twistedmq.protocol.bodies.versions import DataVersion
from twistedmq.protocol.numbers import Int64


class TimerMetric(Struct, kw_only=True, rename="camel"):
    """How many messages of one topic wait, and when that changed."""

    count: Int64 = 0
    time_stamp: Int64 = 0


class TimerMetricsBody(Struct, kw_only=True, rename="camel"):
    """The same for all topics."""

    data_version: DataVersion = field(default_factory=DataVersion)
    timing_count: dict[str, TimerMetric] = {}
