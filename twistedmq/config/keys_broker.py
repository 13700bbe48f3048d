"""The keys of a broker that belong to no other room."""

from collections.abc import Callable
from typing import Any, Final

from twistedmq.config.broker import (
    BrokerAdmin,
    BrokerIdentity,
    BrokerLimits,
    ClientExpiry,
    GroupDefaults,
    OffsetConfig,
    PullConfig,
    RegistrationConfig,
    SendConfig,
    TopicDefaults,
)
from twistedmq.config.keys import Effect, Key
from twistedmq.config.remoting import RemotingConfig
from twistedmq.config.values import (
    ADDRESSES,
    AMOUNT,
    BOOLEAN,
    COUNT,
    LONG_AMOUNT,
    NAME,
    whole_number,
)

IDENTITY_KEYS: Final = (
    Key(
        "brokerClusterName",
        NAME,
        BrokerIdentity,
        "cluster_name",
        "Cluster that the broker belongs to.",
        at_restart=True,
        important=True,
    ),
    Key(
        "brokerName",
        NAME,
        BrokerIdentity,
        "broker_name",
        "The broker's name.",
        shown_default="the machine's name",
        at_restart=True,
        important=True,
    ),
    Key(
        "regionId",
        NAME,
        BrokerIdentity,
        "region",
        "Goes back to producers as MSG_REGION.",
    ),
    Key(
        "traceOn",
        BOOLEAN,
        BrokerIdentity,
        "trace_on",
        "Goes back to producers as TRACE_ON.",
    ),
    Key(
        "brokerPermission",
        whole_number(0, 6),
        BrokerIdentity,
        "permission",
        "Read (4) and write (2) for the broker as a whole.",
    ),
    Key(
        "brokerIP1",
        NAME,
        RemotingConfig,
        "advertised_host",
        "Address that name servers and clients are told.",
        shown_default="the first address that is not loopback",
        at_restart=True,
        important=True,
    ),
    Key(
        "configBlackList",
        ADDRESSES,
        BrokerAdmin,
        "config_black_list",
        "Keys that cannot be changed while running.",
    ),
)

REGISTRATION_KEYS: Final = (
    Key(
        "namesrvAddr",
        ADDRESSES,
        RegistrationConfig,
        "name_servers",
        "Name servers to register with, separated by semicolons.",
        aliases=("rocketmq.namesrv.addr",),
        important=True,
    ),
    Key(
        "registerNameServerPeriod",
        COUNT,
        RegistrationConfig,
        "period_ms",
        "How often the broker registers, ms; at least 10 and at most 60 seconds.",
    ),
    Key(
        "registerBrokerTimeoutMills",
        COUNT,
        RegistrationConfig,
        "timeout_ms",
        "Time limit of one registration.",
    ),
    Key(
        "forceRegister",
        BOOLEAN,
        RegistrationConfig,
        "force",
        "Register each time, even where nothing changed.",
    ),
    Key(
        "compressedRegister",
        BOOLEAN,
        RegistrationConfig,
        "compressed",
        "Send registrations compressed.",
    ),
    Key(
        "enableSingleTopicRegister",
        BOOLEAN,
        RegistrationConfig,
        "single_topic",
        "Register a changed topic with a request of its own.",
    ),
    Key(
        "addressServer",
        NAME,
        RegistrationConfig,
        "address_server",
        "URL of a list of name servers, asked where namesrvAddr is not set.",
        genuine=False,
    ),
    Key(
        "updateNameServerAddrPeriod",
        COUNT,
        RegistrationConfig,
        "address_refresh_ms",
        "How often the address server is asked, ms.",
    ),
    Key(
        "fetchNamesrvAddrByAddressServer",
        BOOLEAN,
        effect=Effect.ACCEPTED,
        default=False,
    ),
)


def check_address_server(value: Callable[[str], Any]) -> str | None:
    """Who wants to ask an address server must say which."""
    if value("fetchNamesrvAddrByAddressServer") and not value("addressServer"):
        return "fetchNamesrvAddrByAddressServer=true asks for addressServer, a URL"
    return None


TOPIC_KEYS: Final = (
    Key(
        "autoCreateTopicEnable",
        BOOLEAN,
        TopicDefaults,
        "auto_create",
        "Whether a send creates its topic; off, no template makes it so. Retry and "
        "dead letter topics are made in any case.",
        important=True,
    ),
    Key(
        "defaultTopicQueueNums",
        COUNT,
        TopicDefaults,
        "queue_count",
        "Most queues of a topic that a send creates.",
    ),
    Key(
        "clusterTopicEnable",
        BOOLEAN,
        TopicDefaults,
        "cluster_topic",
        "Whether there is a topic of the cluster's name.",
        at_restart=True,
    ),
    Key(
        "brokerTopicEnable",
        BOOLEAN,
        TopicDefaults,
        "broker_topic",
        "Whether there is a topic of the broker's name.",
        at_restart=True,
    ),
    Key(
        "traceTopicEnable",
        BOOLEAN,
        TopicDefaults,
        "trace_topic",
        "Whether the trace topic is created at start.",
        at_restart=True,
        important=True,
    ),
    Key(
        "msgTraceTopicName",
        NAME,
        TopicDefaults,
        "trace_topic_name",
        "Topic of message traces.",
        at_restart=True,
        important=True,
    ),
    Key(
        "validateSystemTopicWhenUpdateTopic",
        BOOLEAN,
        TopicDefaults,
        "protect_system_topics",
        "Refuse changes of the system's own topics.",
    ),
    Key(
        "enableMixedMessageType",
        BOOLEAN,
        TopicDefaults,
        "mixed_type",
        "Allow topics of the type MIXED.",
    ),
    Key(
        "clearRetryTopicWhenDeleteTopic",
        BOOLEAN,
        TopicDefaults,
        "clear_retry_topics",
        "Delete the retry topics of a topic together with it.",
    ),
    Key(
        "reviveQueueNum",
        COUNT,
        TopicDefaults,
        "revive_queue_count",
        "Queues of the revive topic.",
        at_restart=True,
    ),
    Key(
        "splitMetadataSize",
        AMOUNT,
        TopicDefaults,
        "page_size",
        "Topics or groups in one page of an answer; 0 is all.",
    ),
    Key(
        "autoCreateSubscriptionGroup",
        BOOLEAN,
        GroupDefaults,
        "auto_create",
        "Whether an unknown consumer group is created when it first appears.",
        important=True,
    ),
    Key(
        "notifyConsumerIdsChangedEnable",
        BOOLEAN,
        GroupDefaults,
        "notify_changes",
        "Tell the members of a group at once that one has come or gone.",
    ),
    Key(
        "enableCreateSysGroup",
        BOOLEAN,
        GroupDefaults,
        "auto_create_system",
        "Whether unknown groups of the system are created when they first appear.",
    ),
)

SENDING_KEYS: Final = (
    Key(
        "startAcceptSendRequestTimeStamp",
        LONG_AMOUNT,
        SendConfig,
        "accept_from_ms",
        "Time (ms since 1970) before which sends are refused; 0 is at once.",
    ),
    Key(
        "syncFlushTimeout",
        COUNT,
        SendConfig,
        "flush_timeout_ms",
        "How long an answer waits for its message to be safe, ms.",
    ),
)

CONSUMING_KEYS: Final = (
    Key(
        "longPollingEnable",
        BOOLEAN,
        PullConfig,
        "long_polling",
        "Whether a pull that finds nothing waits as long as it asked to.",
    ),
    Key(
        "shortPollingTimeMills",
        COUNT,
        PullConfig,
        "short_polling_ms",
        "How long it waits where long polling is off.",
    ),
    Key(
        "litePullMessageEnable",
        BOOLEAN,
        PullConfig,
        "lite_pull",
        "Serve LITE_PULL_MESSAGE.",
    ),
    Key(
        "enablePropertyFilter",
        BOOLEAN,
        PullConfig,
        "property_filter",
        "Take subscriptions to conditions on properties (SQL92); a genuine broker does "
        "not by default.",
    ),
    Key(
        "filterSupportRetry",
        BOOLEAN,
        PullConfig,
        "retry_filter",
        "Where a retry topic is subscribed to by SQL92: ask its messages what the "
        "group asks of the topic they come from.",
    ),
    Key(
        "rejectPullConsumerEnable",
        BOOLEAN,
        PullConfig,
        "reject_pull_consumers",
        "Refuse consumers that call for messages themselves.",
    ),
    Key(
        "slaveReadEnable",
        BOOLEAN,
        PullConfig,
        "slave_read",
        "Tell clients which broker id to read from, as their group's settings say.",
    ),
    Key(
        "consumerOffsetUpdateVersionStep",
        COUNT,
        OffsetConfig,
        "version_step",
        "After how many commits the data version of consumer offsets rises.",
    ),
    Key(
        "flushConsumerOffsetInterval",
        COUNT,
        OffsetConfig,
        "flush_interval_ms",
        "How often changed consumer offsets are written to disk, ms.",
    ),
    Key(
        "useServerSideResetOffset",
        BOOLEAN,
        OffsetConfig,
        "server_side_reset",
        "Keep reset offsets and give them back at the next pull.",
    ),
    Key(
        "channelExpiredTimeout",
        COUNT,
        ClientExpiry,
        "channel_expired_ms",
        "Silence after which a client is forgotten, ms.",
    ),
    Key(
        "subscriptionExpiredTimeout",
        COUNT,
        ClientExpiry,
        "subscription_expired_ms",
        "Age after which an unused subscription is dropped, ms.",
    ),
)

BROKER_LIMIT_KEYS: Final = (
    Key(
        "maxTopics",
        COUNT,
        BrokerLimits,
        "max_topics",
        "Topics that this broker may hold.",
        genuine=False,
    ),
    Key(
        "maxQueuesPerTopic",
        COUNT,
        BrokerLimits,
        "max_queues_per_topic",
        "Queues that a topic may be given here, and a group for its retries.",
        genuine=False,
    ),
    Key(
        "maxGroups",
        COUNT,
        BrokerLimits,
        "max_groups",
        "Consumer groups that this broker may hold.",
        genuine=False,
    ),
    Key(
        "maxHeldPulls",
        COUNT,
        BrokerLimits,
        "max_held_pulls",
        "Pulls that may wait for messages at a time.",
        genuine=False,
    ),
)
