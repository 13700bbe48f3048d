"""How large a message may be, where it may go, and what may hold several. Pure."""

from typing import Final

from twistedmq.broker.attributes import is_batch_topic
from twistedmq.protocol import properties as props
from twistedmq.protocol.addresses import format_address, unpack
from twistedmq.protocol.bodies import TopicConfig
from twistedmq.protocol.errors import InvalidParameterError, MessageIllegalError
from twistedmq.protocol.names import is_retry_topic
from twistedmq.protocol.record_layout import record_size
from twistedmq.protocol.send_batch import SendBatch
from twistedmq.protocol.system_flags import INNER_BATCH, perm_text
from twistedmq.store.batch_queue import MOST_MESSAGES

MAX_TOPIC_BYTES: Final = 127
"""Of a topic that is not a group's retry topic; the record has one byte for it."""


def check_queue(config: TopicConfig, queue_id: int, peer: bytes) -> None:
    """Refuse a queue that a topic has not.

    Raises: InvalidParameterError.
    """
    queues = max(config.write_queue_nums, config.read_queue_nums)
    if queue_id >= queues or (queue_id < 0 and not config.write_queue_nums):
        raise InvalidParameterError(
            f"request queueId[{queue_id}] is illegal, {describe(config)} "
            f"Producer: {format_address(*unpack(peer))}"
        )


def check_sizes(
    batch: SendBatch, messages: range, topic: str, limit: int, properties_limit: int
) -> None:
    """Refuse the messages of one request that are too large, or nothing.

    *limit* holds for a body, and for all messages of the request together.

    Raises: MessageIllegalError.
    """
    if len(topic.encode()) > MAX_TOPIC_BYTES and not is_retry_topic(topic):
        raise MessageIllegalError(
            f"the topic {topic} has more than {MAX_TOPIC_BYTES} bytes"
        )
    whole = 0
    for message in messages:
        body, properties = batch.bodies[message], batch.properties[message]
        host = batch.born_hosts[message]
        whole += record_size(topic, len(body), len(properties), host, host)
        if len(body) > limit or len(properties) > properties_limit:
            raise MessageIllegalError(
                f"the message is illegal: its body has {len(body)} bytes, its "
                f"properties {len(properties)}; msg body length limit {limit}B, "
                f"msg properties length limit {properties_limit}B"
            )
        if not body and len(messages) == 1:
            raise MessageIllegalError("the message is illegal: it has no body")
    if len(messages) > 1 and whole > limit:
        raise MessageIllegalError(
            f"the batch is illegal: its messages need {whole} bytes; the limit is "
            f"{limit}B"
        )


def check_bundle(
    properties: dict[str, str], flags: int, topic: str, config: TopicConfig | None
) -> None:
    """Refuse what says that it holds several messages where that cannot be.

    Raises: MessageIllegalError.
    """
    if not flags & INNER_BATCH:
        raise MessageIllegalError(
            f"a message with the property {props.INNER_NUM} must have the system "
            "flag INNER_BATCH"
        )
    if config is None or not is_batch_topic(config.attributes):
        raise MessageIllegalError(
            f"a message that holds a batch (INNER_BATCH) needs a topic with "
            f"queue.type=BatchCQ; {topic} is none"
        )
    number = properties.get(props.INNER_NUM, "")
    if (
        not number.isascii()
        or not number.isdigit()
        or (not 1 <= int(number) <= MOST_MESSAGES)
    ):
        raise MessageIllegalError(
            f"{props.INNER_NUM}={number}: a message holds 1 to {MOST_MESSAGES}"
        )


def describe(config: TopicConfig) -> str:
    """Give a topic's settings as people read them in remarks."""
    attributes = ", ".join(f"{k}={v}" for k, v in (config.attributes or {}).items())
    return (
        f"TopicConfig [topicName={config.topic_name}, "
        f"readQueueNums={config.read_queue_nums}, "
        f"writeQueueNums={config.write_queue_nums}, perm={perm_text(config.perm)}, "
        f"topicFilterType={config.topic_filter_type}, "
        f"topicSysFlag={config.topic_sys_flag}, order={str(config.order).lower()}, "
        f"attributes={{{attributes}}}]"
    )
