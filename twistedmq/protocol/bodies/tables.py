"""Tables of text, and statistics."""

from msgspec import Struct, field

from twistedmq.protocol.numbers import Int64


class KVTable(Struct, kw_only=True, rename="camel"):
    """Values by key."""

    table: dict[str, str] = {}


class KVConfigSerializeWrapper(Struct, kw_only=True, rename="camel"):
    """Values by namespace and key, as a name server keeps them."""

    config_table: dict[str, dict[str, str]] = {}


class BrokerStatsItem(Struct, kw_only=True, rename="camel"):
    """A statistic over some time."""

    avgpt: float = 0.0
    sum: Int64 = 0
    tps: float = 0.0


class BrokerStatsData(Struct, kw_only=True, rename="camel"):
    """A statistic over a minute, an hour and a day."""

    stats_day: BrokerStatsItem = field(default_factory=BrokerStatsItem)
    stats_hour: BrokerStatsItem = field(default_factory=BrokerStatsItem)
    stats_minute: BrokerStatsItem = field(default_factory=BrokerStatsItem)
