"""A broker as a whole."""

from twistedmq.protocol.headers.base import Header


class GetBrokerConfigResponseHeader(Header, kw_only=True, rename="camel"):
    """The answer to GET_BROKER_CONFIG (26)."""

    version: str


class ViewBrokerStatsDataRequestHeader(Header, kw_only=True, rename="camel"):
    """VIEW_BROKER_STATS_DATA (315): Read a statistic by name and key.

    Over the last minute, hour and day.
    """

    stats_name: str
    stats_key: str


class ResumeCheckHalfMessageRequestHeader(Header, kw_only=True, rename="camel"):
    """RESUME_CHECK_HALF_MESSAGE (323): Check a half message again that was given up."""

    topic: str | None = None
    msg_id: str | None = None


class ExportRocksDBConfigToJsonRequestHeader(Header, kw_only=True, rename="camel"):
    """EXPORT_ROCKSDB_CONFIG_TO_JSON (355): Write tables held in RocksDB as JSON."""

    config_type: str
