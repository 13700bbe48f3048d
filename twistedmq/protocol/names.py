"""Names of topics and groups: which are reserved, which are allowed.

Source: TopicValidator, MixAll.
"""

import re
from typing import Final

from twistedmq.protocol.errors import MessageIllegalError

RETRY_PREFIX: Final = "%RETRY%"
DLQ_PREFIX: Final = "%DLQ%"
LMQ_PREFIX: Final = "%LMQ%"
SYSTEM_TOPIC_PREFIX: Final = "rmq_sys_"
SYSTEM_GROUP_PREFIX: Final = "CID_RMQ_SYS_"
NAMESPACE_SEPARATOR: Final = "%"
REPLY_TOPIC_SUFFIX: Final = "_REPLY_TOPIC"
SYNC_MEMBER_GROUP_PREFIX: Final = "rmq_sys_SYNC_BROKER_MEMBER_"

AUTO_CREATE_TOPIC: Final = "TBW102"
SCHEDULE_TOPIC: Final = "SCHEDULE_TOPIC_XXXX"
BENCHMARK_TOPIC: Final = "BenchmarkTest"
HALF_TOPIC: Final = "RMQ_SYS_TRANS_HALF_TOPIC"
OP_HALF_TOPIC: Final = "RMQ_SYS_TRANS_OP_HALF_TOPIC"
ROCKSDB_HALF_TOPIC: Final = "RMQ_SYS_ROCKSDB_TRANS_HALF_TOPIC"
ROCKSDB_OP_HALF_TOPIC: Final = "RMQ_SYS_ROCKSDB_TRANS_OP_HALF_TOPIC"
TRANSACTION_GIVEN_UP_TOPIC: Final = "TRANS_CHECK_MAX_TIME_TOPIC"
TRACE_TOPIC: Final = "RMQ_SYS_TRACE_TOPIC"
SELF_TEST_TOPIC: Final = "SELF_TEST_TOPIC"
OFFSET_MOVED_TOPIC: Final = "OFFSET_MOVED_EVENT"
CHECKPOINT_TOPIC: Final = "CHECKPOINT_TOPIC"
TIMER_TOPIC: Final = "rmq_sys_wheel_timer"
REVIVE_TOPIC_PREFIX: Final = "rmq_sys_REVIVE_LOG_"

DEFAULT_PRODUCER_GROUP: Final = "DEFAULT_PRODUCER"
DEFAULT_CONSUMER_GROUP: Final = "DEFAULT_CONSUMER"
TOOLS_CONSUMER_GROUP: Final = "TOOLS_CONSUMER"
SCHEDULE_CONSUMER_GROUP: Final = "SCHEDULE_CONSUMER"
FILTER_SERVER_GROUP: Final = "FILTERSRV_CONSUMER"
MONITOR_CONSUMER_GROUP: Final = "__MONITOR_CONSUMER"
CLIENT_INNER_PRODUCER_GROUP: Final = "CLIENT_INNER_PRODUCER"
SELF_TEST_PRODUCER_GROUP: Final = "SELF_TEST_P_GROUP"
SELF_TEST_CONSUMER_GROUP: Final = "SELF_TEST_C_GROUP"
ONS_HTTP_PROXY_GROUP: Final = "CID_ONS-HTTP-PROXY"
ONSAPI_PERMISSION_GROUP: Final = "CID_ONSAPI_PERMISSION"
ONSAPI_OWNER_GROUP: Final = "CID_ONSAPI_OWNER"
ONSAPI_PULL_GROUP: Final = "CID_ONSAPI_PULL"
TRANSACTION_GROUP: Final = "CID_RMQ_SYS_TRANS"

SYSTEM_TOPICS: Final = frozenset(
    {
        AUTO_CREATE_TOPIC,
        SCHEDULE_TOPIC,
        BENCHMARK_TOPIC,
        HALF_TOPIC,
        OP_HALF_TOPIC,
        ROCKSDB_HALF_TOPIC,
        ROCKSDB_OP_HALF_TOPIC,
        TRANSACTION_GIVEN_UP_TOPIC,
        TRACE_TOPIC,
        SELF_TEST_TOPIC,
        OFFSET_MOVED_TOPIC,
        CHECKPOINT_TOPIC,
    }
)
"""Topics of the system by name; those with its prefix belong to it too."""

NOT_FOR_SENDING: Final = frozenset(
    {
        SCHEDULE_TOPIC,
        HALF_TOPIC,
        OP_HALF_TOPIC,
        ROCKSDB_HALF_TOPIC,
        ROCKSDB_OP_HALF_TOPIC,
        TRANSACTION_GIVEN_UP_TOPIC,
        SELF_TEST_TOPIC,
        OFFSET_MOVED_TOPIC,
    }
)
"""Topics that no client may send to."""

_HALVES: Final = frozenset({HALF_TOPIC, TRANSACTION_GIVEN_UP_TOPIC})

PREDEFINED_GROUPS: Final = frozenset(
    {
        DEFAULT_PRODUCER_GROUP,
        DEFAULT_CONSUMER_GROUP,
        TOOLS_CONSUMER_GROUP,
        SCHEDULE_CONSUMER_GROUP,
        FILTER_SERVER_GROUP,
        MONITOR_CONSUMER_GROUP,
        CLIENT_INNER_PRODUCER_GROUP,
        SELF_TEST_PRODUCER_GROUP,
        SELF_TEST_CONSUMER_GROUP,
        ONS_HTTP_PROXY_GROUP,
        ONSAPI_PERMISSION_GROUP,
        ONSAPI_OWNER_GROUP,
        ONSAPI_PULL_GROUP,
        TRANSACTION_GROUP,
    }
)

TOPIC_MAX_CHARACTERS: Final = 127
FOLDER_MAX_BYTES: Final = 255
GROUP_MAX_CHARACTERS: Final = 120
RETRY_OR_DLQ_MAX_CHARACTERS: Final = 255

_is_allowed: Final = re.compile(r"[%|a-zA-Z0-9_-]+").fullmatch
_ALLOWED: Final = "^[%|a-zA-Z0-9_-]+$"


def retry_topic(group: str) -> str:
    """Where the failed messages of *group* go."""
    return RETRY_PREFIX + group


def dlq_topic(group: str) -> str:
    """Where the messages that *group* has given up go."""
    return DLQ_PREFIX + group


def reply_topic(cluster: str) -> str:
    """Where the replies to requests in *cluster* go."""
    return cluster + REPLY_TOPIC_SUFFIX


def is_retry_topic(topic: str) -> bool:
    """Whether *topic* holds the failed messages of a group."""
    return topic.startswith(RETRY_PREFIX)


def is_dlq_topic(topic: str) -> bool:
    """Whether *topic* holds the messages that a group has given up."""
    return topic.startswith(DLQ_PREFIX)


def is_lmq(name: str) -> bool:
    """Whether *name* is a light message queue."""
    return name.startswith(LMQ_PREFIX)


def fills_light_queues(topic: str) -> bool:
    """Whether a message stored in *topic* goes into the light queues that it names.

    The half of a transaction must not be seen there; the genuine broker lets it.
    """
    return topic not in _HALVES and may_fill_light_queues(topic)


def may_fill_light_queues(topic: str) -> bool:
    """Whether messages of *topic* are in the light queues of which they say so."""
    return topic != SCHEDULE_TOPIC and not topic.startswith(
        (RETRY_PREFIX, SYSTEM_TOPIC_PREFIX)
    )


def may_be_light_queue(name: str) -> bool:
    """Whether a queue, whose folder has its name, can be called *name*."""
    if not name.isprintable() or len(name.encode()) > FOLDER_MAX_BYTES:
        return False
    return name not in {"", ".", ".."} and "/" not in name and "\\" not in name


def is_system_topic(topic: str) -> bool:
    """Whether *topic* belongs to the system rather than to a user."""
    return topic in SYSTEM_TOPICS or topic.startswith(SYSTEM_TOPIC_PREFIX)


def is_system_group(group: str) -> bool:
    """Whether *group* belongs to the system rather than to a user."""
    return group.startswith(SYSTEM_GROUP_PREFIX)


def may_send_to(topic: str) -> bool:
    """Whether clients may send to *topic* at all."""
    return topic not in NOT_FOR_SENDING


def check_topic(name: str) -> None:
    """Refuse what cannot be the name of a topic.

    Raises:
        MessageIllegalError: it is blank, too long or has other characters.
    """
    if not name or name.isspace():
        raise MessageIllegalError(
            "The specified topic is blank.", field="topic", value=name, limit=_ALLOWED
        )
    if not _is_allowed(name):
        raise MessageIllegalError(
            f"The specified topic: {name}, contains illegal characters, "
            f"allowing only {_ALLOWED}",
            field="topic",
            value=name,
            limit=_ALLOWED,
        )
    if is_retry_topic(name) or is_dlq_topic(name):
        limit = RETRY_OR_DLQ_MAX_CHARACTERS
    else:
        limit = TOPIC_MAX_CHARACTERS
    if len(name) > limit:
        raise MessageIllegalError(
            f"The specified topic: {name}, is longer than topic max length: {limit}",
            field="topic",
            value=name,
            limit=limit,
        )


def check_group(name: str) -> None:
    """Refuse what cannot be the name of a group.

    Raises:
        MessageIllegalError: it is blank, too long or has other characters.
    """
    if not name or name.isspace():
        raise MessageIllegalError(
            "The specified group is blank.", field="group", value=name, limit=_ALLOWED
        )
    if not _is_allowed(name):
        raise MessageIllegalError(
            f"The specified group: {name}, contains illegal characters, "
            f"allowing only {_ALLOWED}",
            field="group",
            value=name,
            limit=_ALLOWED,
        )
    if len(name) > GROUP_MAX_CHARACTERS:
        raise MessageIllegalError(
            f"The specified group: {name}, is longer than group max length: "
            f"{GROUP_MAX_CHARACTERS}",
            field="group",
            value=name,
            limit=GROUP_MAX_CHARACTERS,
        )
