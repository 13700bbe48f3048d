"""Figures of what goes in and out. Source: BrokerMetricsManager."""

from collections.abc import Iterator
from typing import Final

from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.statistics.broker_figures import truth
from twistedmq.broker.statistics.names import SNDBCK2DLQ_TIMES
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.live import Live
from twistedmq.config.metrics import MetricsConfig
from twistedmq.metrics.samples import Sample, counter, histogram
from twistedmq.protocol.names import (
    DLQ_PREFIX,
    RETRY_PREFIX,
    is_system_group,
    is_system_topic,
)

_INCOMING: Final = ("topic", "message_type", "is_system")
_OUTGOING: Final = ("topic", "consumer_group", "is_system")
_POPPED: Final = (*_OUTGOING, "is_retry")
MESSAGES_IN: Final = counter(
    "rocketmq_messages_in_total", "Total number of incoming messages", *_INCOMING
)
BYTES_IN: Final = counter(
    "rocketmq_throughput_in_total", "Total traffic of incoming messages", *_INCOMING
)
SIZES: Final = histogram("rocketmq_message_size", "Incoming messages size", *_INCOMING)
MESSAGES_OUT: Final = counter(
    "rocketmq_messages_out_total", "Total number of outgoing messages", *_OUTGOING
)
BYTES_OUT: Final = counter(
    "rocketmq_throughput_out_total", "Total traffic of outgoing messages", *_OUTGOING
)
MESSAGES_POPPED: Final = counter(MESSAGES_OUT.name, MESSAGES_OUT.meaning, *_POPPED)
BYTES_POPPED: Final = counter(BYTES_OUT.name, BYTES_OUT.meaning, *_POPPED)
TO_DLQ: Final = counter(
    "rocketmq_send_to_dlq_messages_total",
    "Consumer send to DLQ messages",
    "consumer_group",
    "topic",
    "is_system",
)
FAILED: Final = counter(
    "twistedmq_sends_refused_by_store_total",
    "Sends that were not stored since the disk is full or fails",
)

NORMAL: Final = "normal"
FIFO: Final = "fifo"
_TYPE_ATTRIBUTE: Final = "message.type"


class TrafficFigures:
    """Gives figures of messages that were sent and pulled.

    The type of a message is that of its topic where it is FIFO; delayed and
    transactional ones are told apart one by one. Retry and dead letter topics are left
    out, as in the genuine figures.

    Args:
        counters: what went through.
        topics: say of what type their messages are.
        config: what is shown.
    """

    def __init__(
        self,
        counters: BrokerCounters,
        topics: TopicTable,
        config: Live[MetricsConfig],
    ) -> None:
        self._counters = counters
        self._topics = topics
        self._config = config

    def incoming(self) -> Iterator[Sample]:
        """Give what was sent."""
        yield FAILED.of(self._counters.throughput.failed)
        if not self._config.value.requests:
            return
        for topic, sent in self._counters.topics():
            if topic.startswith((RETRY_PREFIX, DLQ_PREFIX)):
                continue
            system, usual = truth(is_system_topic(topic)), self._type_of(topic)
            messages, size = sent.messages, sent.bytes
            for kind, (of_kind, bytes_of_kind) in list(sent.kinds.items()):
                messages, size = messages - of_kind, size - bytes_of_kind
                yield MESSAGES_IN.of(of_kind, topic, kind, system)
                yield BYTES_IN.of(bytes_of_kind, topic, kind, system)
            yield MESSAGES_IN.of(messages, topic, usual, system)
            yield BYTES_IN.of(size, topic, usual, system)
            yield SIZES.of(sent.distribution(), topic, usual, system)

    def outgoing(self) -> Iterator[Sample]:
        """Give what was pulled, and apart from it what was popped.

        What is popped for another try is told under the topic that was asked for.
        """
        if not self._config.value.requests:
            return
        first_pops = {}
        for topic, group, is_retry, messages, size in self._counters.pops():
            if not is_retry:
                first_pops[topic, group] = messages, size
            labels = topic, group, _is_system(topic, group), truth(is_retry)
            yield MESSAGES_POPPED.of(messages, *labels)
            yield BYTES_POPPED.of(size, *labels)
        for topic, group, got in self._counters.readers():
            if topic.startswith((RETRY_PREFIX, DLQ_PREFIX)):
                continue
            messages, size = first_pops.get((topic, group), (0, 0))
            if got.messages > messages:
                system = _is_system(topic, group)
                yield MESSAGES_OUT.of(got.messages - messages, topic, group, system)
                yield BYTES_OUT.of(got.bytes - size, topic, group, system)

    def given_up(self) -> Iterator[Sample]:
        """Give what groups could not consume at all."""
        if not self._config.value.lag:
            return
        for key, given_up in self._counters.all_of(SNDBCK2DLQ_TIMES):
            _, topic, group, _ = key.split("@")
            system = _is_system(topic, group)
            yield TO_DLQ.of(given_up.messages, group, topic, system)

    def _type_of(self, topic: str) -> str:
        config = self._topics.get(topic)
        attributes = (config.attributes if config else None) or {}
        return FIFO if attributes.get(_TYPE_ATTRIBUTE) == "FIFO" else NORMAL


def _is_system(topic: str, group: str) -> str:
    return truth(is_system_topic(topic) or is_system_group(group))
