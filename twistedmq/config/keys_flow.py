"""The keys of flow control."""

from typing import Final

from twistedmq.config.flow import ColdConfig, FlowConfig
from twistedmq.config.keys import Key
from twistedmq.config.values import BOOLEAN, LONG_AMOUNT, Kind


def _wait(name: str, field: str, what: str) -> Key:
    meaning = (
        f"Refuse {what} (code 2) while the broker is so busy that they wait for "
        "longer than this, ms."
    )
    return Key(name, LONG_AMOUNT, FlowConfig, field, meaning)


def _quota(name: str, field: str, meaning: str, kind: Kind[int] = LONG_AMOUNT) -> Key:
    return Key(name, kind, FlowConfig, field, meaning, genuine=False)


FLOW_KEYS: Final = (
    Key(
        "brokerFastFailureEnable",
        BOOLEAN,
        FlowConfig,
        "fail_fast",
        "Refuse requests that have waited for too long (waitTimeMillsIn...Queue), and "
        "sends while the disk cannot follow.",
    ),
    _wait("waitTimeMillsInSendQueue", "send_wait_ms", "sends"),
    _wait("waitTimeMillsInPullQueue", "pull_wait_ms", "pulls and pops"),
    _wait("waitTimeMillsInLitePullQueue", "lite_pull_wait_ms", "lite pulls"),
    _wait("waitTimeMillsInHeartbeatQueue", "heartbeat_wait_ms", "heartbeats"),
    _wait(
        "waitTimeMillsInTransactionQueue", "transaction_wait_ms", "ends of transactions"
    ),
    _wait("waitTimeMillsInAckQueue", "ack_wait_ms", "acknowledgements of pops"),
    _wait("waitTimeMillsInAdminBrokerQueue", "admin_wait_ms", "admin requests"),
    Key(
        "osPageCacheBusyTimeOutMills",
        LONG_AMOUNT,
        FlowConfig,
        "slow_write_ms",
        "Refuse sends for a moment (code 2) after a write of the log took so long, ms.",
    ),
    _quota(
        "clientMaxMessagesPerSecond",
        "client_messages",
        "How many messages a second one connection may send; 0 is no limit.",
    ),
    _quota(
        "clientMaxBytesPerSecond",
        "client_bytes",
        "How many bytes a second (of bodies) one connection may send; 0 is no limit.",
    ),
    _quota(
        "topicMaxMessagesPerSecond",
        "topic_messages",
        "How many messages a second may be sent to one topic; 0 is no limit. The "
        "topic's attribute max.messages.per.second goes before.",
    ),
    _quota(
        "topicMaxBytesPerSecond",
        "topic_bytes",
        "How many bytes a second (of bodies) may be sent to one topic; 0 is no limit. "
        "The topic's attribute max.bytes.per.second goes before.",
    ),
    _quota(
        "clientMaxReadMessagesPerSecond",
        "client_read_messages",
        "How many messages a second one connection may pull and pop; 0 is no limit.",
    ),
    _quota(
        "clientMaxReadBytesPerSecond",
        "client_read_bytes",
        "How many bytes a second (of stored messages) one connection may pull and pop; "
        "0 is no limit.",
    ),
    _quota(
        "topicMaxReadMessagesPerSecond",
        "topic_read_messages",
        "How many messages a second may be pulled and popped of one topic, by all "
        "groups together; 0 is no limit. The topic's attribute "
        "max.read.messages.per.second goes before.",
    ),
    _quota(
        "topicMaxReadBytesPerSecond",
        "topic_read_bytes",
        "How many bytes a second (of stored messages) may be pulled and popped of one "
        "topic; 0 is no limit. The topic's attribute max.read.bytes.per.second goes "
        "before.",
    ),
    _quota(
        "maxReadDelayMillis",
        "longest_read_delay_ms",
        "How long a pull or pop that is over a limit of reading is kept until its turn "
        "comes, ms; one that would have to wait for longer is refused (code 2).",
    ),
    _quota(
        "maxSuspendMillis",
        "longest_wait_ms",
        "How long pulls, pops and notifications may wait for messages, ms, whatever "
        "they ask for.",
    ),
    Key(
        "coldDataFlowControlEnable",
        BOOLEAN,
        ColdConfig,
        "enabled",
        "Put off pulls of groups that read much from the disk.",
    ),
    Key(
        "cgColdReadThreshold",
        LONG_AMOUNT,
        ColdConfig,
        "group_bytes",
        "How many bytes a group may read from the disk in five seconds, with "
        "coldDataFlowControlEnable.",
    ),
    Key(
        "globalColdReadThreshold",
        LONG_AMOUNT,
        ColdConfig,
        "global_bytes",
        "How many bytes all groups together may read from the disk in five seconds.",
    ),
    Key(
        "coldCtrStrategyEnable",
        BOOLEAN,
        ColdConfig,
        "adaptive",
        "Have what a group may read from the disk grow while there is room for all, "
        "and shrink, down to cgColdReadThreshold, when there is none.",
    ),
    Key(
        "usePIDColdCtrStrategy",
        BOOLEAN,
        ColdConfig,
        "uses_pid",
        "Whether there is room is decided by the last ten periods (a PID controller), "
        "or else by the last one alone; with coldCtrStrategyEnable.",
    ),
)
