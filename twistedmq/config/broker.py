"""What a broker is and how it behaves, by subject. Each part is given what it uses."""

import socket
from dataclasses import dataclass, field

ALL_PERMISSIONS = 6
"""Read (4) and write (2)."""


def own_name() -> str:
    """Give this machine's name, which is a broker's name unless it is told another."""
    return socket.gethostname() or "DEFAULT_BROKER"


@dataclass(frozen=True)
class BrokerIdentity:
    """How this broker is known in the cluster."""

    cluster_name: str = "DefaultCluster"
    broker_name: str = field(default_factory=own_name)
    broker_id: int = 0
    """0 is the master of the brokers of this name."""
    region: str = "DefaultRegion"
    """Goes back to producers as MSG_REGION."""
    trace_on: bool = True
    """Goes back to producers as TRACE_ON."""
    permission: int = ALL_PERMISSIONS
    """Read and write bits of the broker as a whole."""


@dataclass(frozen=True)
class RegistrationConfig:
    """Where and how a broker makes itself known to name servers."""

    name_servers: tuple[str, ...] = ()
    """HOST:PORT of each; a host name is looked up again at every round."""
    address_server: str = ""
    """URL that answers with the list of name servers; asked where none is given."""
    period_ms: int = 30_000
    timeout_ms: int = 24_000
    force: bool = True
    """Register each time, even where the name server has what we would tell it."""
    compressed: bool = False
    single_topic: bool = False
    """Register a changed topic alone (REGISTER_TOPIC_IN_NAMESRV)."""
    light_heartbeat: bool = False
    """Send BROKER_HEARTBEAT between registrations."""
    inactive_after_ms: int = 10_000
    """Told to name servers: how long our silence may last where light heartbeats are
    sent."""
    address_refresh_ms: int = 120_000


@dataclass(frozen=True)
class TopicDefaults:
    """Which topics exist without being asked for, and how new ones look."""

    auto_create: bool = True
    queue_count: int = 8
    """Upper bound of the queues of a topic that is created by a send."""
    cluster_topic: bool = True
    broker_topic: bool = True
    trace_topic: bool = False
    trace_topic_name: str = "RMQ_SYS_TRACE_TOPIC"
    protect_system_topics: bool = True
    """Refuse changes of topics that the system itself uses."""
    mixed_type: bool = False
    """Allow topics of message type MIXED."""
    clear_retry_topics: bool = True
    """Delete a topic's pop retry topics with it."""
    revive_queue_count: int = 8
    """Queues of the topic in which pop keeps what it has lent."""
    page_size: int = 2_000
    """Entries a page where topics and groups are asked for in pages; 0 is all."""


@dataclass(frozen=True)
class SendConfig:
    """What is asked of messages beyond the limits of the store."""

    accept_from_ms: int = 0
    """Wall clock time before which sends are refused; 0 is at once."""
    flush_timeout_ms: int = 5_000
    """How long an answer waits for the message to be safe."""


@dataclass(frozen=True)
class GroupDefaults:
    """Consumer groups: creation and what their members are told."""

    auto_create: bool = True
    auto_create_system: bool = True
    """Create the system's own groups (CID_RMQ_SYS_...) even where others are not."""
    notify_changes: bool = True
    """Tell the members of a group at once that one has come or gone."""


@dataclass(frozen=True)
class PullConfig:
    """How pulls are answered that find nothing."""

    long_polling: bool = True
    short_polling_ms: int = 1_000
    """How long such a pull is held where long polling is off."""
    lite_pull: bool = True
    """Serve LITE_PULL_MESSAGE."""
    property_filter: bool = True
    """Serve subscriptions that look at properties (SQL92)."""
    retry_filter: bool = False
    """Ask retried messages what their group asks of the topic they come from."""
    reject_pull_consumers: bool = False
    """Refuse consumers that call for messages themselves."""
    slave_read: bool = False
    """Tell clients the broker id of their group's settings; else always the master."""


@dataclass(frozen=True)
class OffsetConfig:
    """Consumer offsets."""

    flush_interval_ms: int = 5_000
    """How often changed offsets are written to disk."""
    version_step: int = 500
    """After how many commits the data version of the offsets rises."""
    server_side_reset: bool = True
    """Keep reset offsets here and give them back at the next pull."""


@dataclass(frozen=True)
class ClientExpiry:
    """When clients are forgotten that are not heard of any more."""

    channel_expired_ms: int = 120_000
    subscription_expired_ms: int = 600_000


@dataclass(frozen=True)
class BrokerLimits:
    """Limits that keep one user from taking everything."""

    max_topics: int = 100_000
    max_queues_per_topic: int = 65_536
    max_groups: int = 100_000
    max_held_pulls: int = 100_000


@dataclass(frozen=True)
class BrokerAdmin:
    """What may be changed while the broker runs."""

    config_black_list: tuple[str, ...] = ("configBlackList", "brokerConfigPath")
    """Keys that UPDATE_BROKER_CONFIG refuses."""
