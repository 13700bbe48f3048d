"""The keys of a name server."""

from typing import Final

from twistedmq.config.keys import Effect, Key
from twistedmq.config.namesrv import AddressListConfig, NamesrvConfig
from twistedmq.config.values import (
    ADDRESSES,
    BOOLEAN,
    COUNT,
    NAME,
    PATH,
    PORT,
    TEXT,
    in_unit,
)

NAMESRV_OWN_KEYS: Final = (
    Key(
        "kvConfigPath",
        PATH,
        NamesrvConfig,
        "kv_path",
        "File of the key-value table.",
        shown_default="${user.home}/namesrv/kvConfig.json",
        at_restart=True,
    ),
    Key(
        "configStorePath",
        PATH,
        NamesrvConfig,
        "config_path",
        "File that keeps changes made while running; read at start where no other "
        "file is named.",
        shown_default="${user.home}/namesrv/namesrv.properties",
        at_restart=True,
    ),
    Key(
        "orderMessageEnable",
        BOOLEAN,
        NamesrvConfig,
        "order_messages",
        "Add the ordered-topic setting to routes.",
    ),
    Key(
        "returnOrderTopicConfigToBroker",
        BOOLEAN,
        NamesrvConfig,
        "order_config_to_brokers",
        "Give the ordered-topic table back to a broker that registers.",
    ),
    Key(
        "scanNotActiveBrokerInterval",
        COUNT,
        NamesrvConfig,
        "scan_interval_ms",
        "How often silent brokers are looked for, ms.",
    ),
    Key(
        "brokerInactiveMillis",
        COUNT,
        NamesrvConfig,
        "inactive_after_ms",
        "How long a broker may be silent that has not named a time of its own.",
        genuine=False,
    ),
    Key(
        "supportActingMaster",
        BOOLEAN,
        NamesrvConfig,
        "acting_master",
        "Present the smallest slave as master where the master is gone.",
    ),
    Key(
        "enableAllTopicList",
        BOOLEAN,
        NamesrvConfig,
        "all_topic_list",
        "Serve the list of all topics.",
    ),
    Key(
        "enableTopicList",
        BOOLEAN,
        NamesrvConfig,
        "topic_list",
        "Serve the list of a cluster's topics.",
    ),
    Key(
        "notifyMinBrokerIdChanged",
        BOOLEAN,
        NamesrvConfig,
        "notify_min_broker_id",
        "Tell the brokers of a name when the smallest id among them changes.",
    ),
    Key(
        "needWaitForService",
        BOOLEAN,
        NamesrvConfig,
        "wait_for_service",
        "Refuse route requests for a while after the start.",
        at_restart=True,
    ),
    Key(
        "waitSecondsForService",
        in_unit(COUNT, 1000),
        NamesrvConfig,
        "wait_for_service_ms",
        "How long.",
        at_restart=True,
    ),
    Key(
        "deleteTopicWithBrokerRegistration",
        BOOLEAN,
        NamesrvConfig,
        "forget_unlisted_topics",
        "Drop topics that a broker's registration does not list any more.",
    ),
    Key(
        "configBlackList",
        ADDRESSES,
        NamesrvConfig,
        "config_black_list",
        "Keys that cannot be changed while running.",
    ),
    Key(
        "maxBrokers",
        COUNT,
        NamesrvConfig,
        "max_brokers",
        "Brokers that may be registered.",
        genuine=False,
    ),
    Key(
        "maxTopics",
        COUNT,
        NamesrvConfig,
        "max_topics",
        "Topics that may be routed.",
        genuine=False,
    ),
    Key(
        "maxKvBytes",
        COUNT,
        NamesrvConfig,
        "max_kv_bytes",
        "Size of the key-value table.",
        genuine=False,
    ),
    Key(
        "clusterTest",
        BOOLEAN,
        effect=Effect.REFUSED,
        default=False,
        reason="unknown topics are not looked up in another environment",
    ),
    Key(
        "enableControllerInNamesrv",
        BOOLEAN,
        effect=Effect.REFUSED,
        default=False,
        reason="there is no controller",
    ),
    Key("rocketmqHome", TEXT, effect=Effect.ACCEPTED, default=""),
    Key("productEnvName", NAME, effect=Effect.ACCEPTED, default="center"),
)

ADDRESS_LIST_KEYS: Final = (
    Key(
        "nsaddrPort",
        PORT,
        AddressListConfig,
        "http_port",
        "Port of the HTTP list of name servers, /rocketmq/nsaddr; 0 is none. "
        "Clients ask port 8080.",
        genuine=False,
        at_restart=True,
    ),
    Key(
        "nsaddrAddresses",
        ADDRESSES,
        AddressListConfig,
        "addresses",
        "The name servers in that list; empty is the one that was asked.",
        genuine=False,
    ),
)
