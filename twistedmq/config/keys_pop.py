"""The keys of popping."""

from typing import Final

from twistedmq.config.keys import Key
from twistedmq.config.pop import PopConfig
from twistedmq.config.values import AMOUNT, BOOLEAN, COUNT

POP_KEYS: Final[tuple[Key, ...]] = (
    Key(
        "enableRetryTopicV2",
        BOOLEAN,
        PopConfig,
        "retry_topic_v2",
        "Put messages that were not acknowledged into %RETRY%GROUP+TOPIC instead of "
        "%RETRY%GROUP_TOPIC.",
    ),
    Key(
        "retrieveMessageFromPopRetryTopicV1",
        BOOLEAN,
        PopConfig,
        "read_retry_topic_v1",
        "With enableRetryTopicV2: go on reading %RETRY%GROUP_TOPIC too.",
    ),
    Key(
        "useSeparateRetryQueue",
        BOOLEAN,
        PopConfig,
        "separate_retry_queues",
        "Give pop retry topics as many queues as their topics have, and bring messages "
        "back into the queue of the same number, so that priorities last.",
    ),
    Key(
        "popFromRetryProbability",
        AMOUNT,
        PopConfig,
        "retry_probability",
        "In how many of a hundred pops the retry topics come first.",
    ),
    Key(
        "popFromRetryProbabilityForPriority",
        AMOUNT,
        PopConfig,
        "retry_probability_for_priority",
        "In how many of a hundred pops of topics with the message type PRIORITY the "
        "retry topics come first.",
    ),
    Key(
        "priorityOrderAsc",
        BOOLEAN,
        PopConfig,
        "last_queue_first",
        "Pop the queue of the highest number first: a higher priority is more urgent.",
    ),
    Key(
        "popResponseReturnActualRetryTopic",
        BOOLEAN,
        PopConfig,
        "show_retry_topic",
        "Give retried messages under the name of their retry topic.",
    ),
    Key(
        "initPopOffsetByCheckMsgInMem",
        BOOLEAN,
        PopConfig,
        "init_by_young_queue",
        "A group that begins at the end of a queue begins at its start where the queue "
        "still has its first message and little came after it.",
    ),
    Key(
        "popPollingSize",
        COUNT,
        PopConfig,
        "max_held_of_queue",
        "How many pops of one group, topic and queue id may wait for messages.",
    ),
    Key(
        "maxPopPollingSize",
        COUNT,
        PopConfig,
        "max_held",
        "How many pops may wait for messages in all.",
    ),
    Key(
        "enablePopMessageThreshold",
        BOOLEAN,
        PopConfig,
        "limit_in_flight",
        "Give no more messages of a queue to a group with more than "
        "popInflightMessageThreshold unacknowledged ones.",
    ),
    Key(
        "popInflightMessageThreshold",
        COUNT,
        PopConfig,
        "max_in_flight",
        "Popped and unacknowledged messages of a group in one queue, with "
        "enablePopMessageThreshold.",
    ),
    Key(
        "popCkMaxBufferSize",
        AMOUNT,
        PopConfig,
        "max_tracked",
        "Checkpoints of pops whose acks are kept in memory, beside the revive topic.",
    ),
    Key(
        "reviveInterval",
        COUNT,
        PopConfig,
        "revive_interval_ms",
        "Milliseconds between looking for messages that were not acknowledged in time.",
    ),
    Key(
        "enableNotifyAfterPopOrderLockRelease",
        BOOLEAN,
        PopConfig,
        "notify_after_order",
        "Wake waiting ordered pops when the messages before them become visible again.",
    ),
    Key(
        "skipWhenCKRePutReachMaxTimes",
        BOOLEAN,
        PopConfig,
        "drop_after_max_rewrites",
        "Give up a popped message that could not be read 17 times.",
    ),
)
