"""How a name server behaves."""

from dataclasses import dataclass
from pathlib import Path


def _default_directory() -> Path:
    return Path.home() / "namesrv"


@dataclass(frozen=True)
class NamesrvConfig:
    """Routes, their liveness, the key-value table and what the name server answers."""

    kv_path: Path = _default_directory() / "kvConfig.json"
    """The file of the key-value table."""
    config_path: Path = _default_directory() / "namesrv.properties"
    """The file that receives changes made while running, where no file was given."""
    order_messages: bool = False
    """Add the ordered-topic setting to routes."""
    order_config_to_brokers: bool = True
    """Give the ordered-topic table back to a broker that registers."""
    scan_interval_ms: int = 5_000
    inactive_after_ms: int = 120_000
    """How long a broker may be silent that has not named a time of its own."""
    acting_master: bool = False
    """Present the smallest slave as master where the master is gone."""
    all_topic_list: bool = True
    topic_list: bool = True
    notify_min_broker_id: bool = False
    """Tell the brokers of a name when the smallest id among them changes."""
    wait_for_service: bool = False
    """Refuse route requests for a while after the start."""
    wait_for_service_ms: int = 45_000
    forget_unlisted_topics: bool = False
    """Drop topics that a broker's registration does not list any more."""
    config_black_list: tuple[str, ...] = (
        "configBlackList",
        "configStorePath",
        "kvConfigPath",
    )
    """Keys that UPDATE_NAMESRV_CONFIG refuses."""
    max_brokers: int = 10_000
    max_topics: int = 200_000
    max_kv_bytes: int = 16 * 1024 * 1024


@dataclass(frozen=True)
class AddressListConfig:
    """The HTTP endpoint that tells clients the name servers."""

    http_port: int = 0
    """0: no endpoint."""
    addresses: tuple[str, ...] = ()
    """What it answers; empty: the address under which this name server is asked."""
