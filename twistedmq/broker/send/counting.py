"""What the sends of a batch brought, counted once a batch and topic."""

from collections import Counter as Tally
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, TypeVar

from twistedmq.broker.counters import BrokerCounters
from twistedmq.protocol import properties as props
from twistedmq.protocol.names import DLQ_PREFIX, SCHEDULE_TOPIC, is_dlq_topic
from twistedmq.protocol.send_batch import SendBatch
from twistedmq.protocol.send_decoding import DecodedSends
from twistedmq.store.interfaces import Appended

T = TypeVar("T")

_DELAYING: Final = frozenset(
    {
        props.DELAY,
        props.TIMER_DELIVER_MS,
        props.TIMER_DELAY_SEC,
        props.TIMER_DELAY_MS,
    }
)


class SendCounting:
    """Counts sends."""

    def __init__(self, counters: BrokerCounters) -> None:
        self._counters = counters

    def times(self, sends: DecodedSends, took_ms: int) -> None:
        """Count how long all of *sends* took, which are counted already."""
        topics, queue_ids = _firsts_of(sends.batch, sends.counts)
        if _is_one(topics):
            for queue_id, calls in Tally(queue_ids).items():
                self._counters.answered(topics[0], queue_id, calls, took_ms)
        else:
            places = zip(topics, queue_ids, strict=True)
            self._counters.answered_mixed(places, took_ms)

    def _kinds(self, sends: DecodedSends, appended: Appended) -> None:
        starts = appended.physical_offsets
        ends = (*starts[1:], appended.end)
        batch, properties_of = sends.batch, sends.property_maps
        rows = zip(
            batch.topics, batch.queue_ids, properties_of, starts, ends, strict=True
        )
        for topic, queue_id, properties, start, end in rows:
            if topic == SCHEDULE_TOPIC:
                self._counters.queue_put(topic, queue_id, 1, end - start)
            kind = _kind(properties)
            if kind is not None:
                self._counters.sent_kind(topic, kind, 1, end - start)
            if is_dlq_topic(topic) and props.RETRY_TOPIC in properties:
                group = topic.removeprefix(DLQ_PREFIX)
                self._counters.given_up(properties[props.RETRY_TOPIC], group)

    def stored(self, sends: DecodedSends, appended: Appended) -> None:
        """Count what *sends* brought, and tell who asked to be told."""
        if sends.is_special:
            self._kinds(sends, appended)
            for stored in filter(None, map(sends.when_stored.get, sends.opaques)):
                stored()
        self.messages(sends.batch, sends.counts, appended)

    def messages(
        self, batch: SendBatch, counts: Sequence[int], appended: Appended
    ) -> None:
        """Count messages that requests brought, *counts* of them each."""
        starts, topics, queue_ids = (
            appended.physical_offsets, batch.topics, batch.queue_ids
        )  # fmt: skip
        if _is_one(topics):
            if len(counts) != len(topics):
                queue_ids = _firsts(queue_ids, counts)
            self._counters.sent_batch(topics[0], starts, appended.end, queue_ids)
            return
        places = zip(*_firsts_of(batch, counts), strict=True)
        self._counters.sent_mixed(topics, starts, appended.end, places)


def _is_one(topics: Sequence[str]) -> bool:
    return len(topics) == 1 or topics.count(topics[0]) == len(topics)


def _firsts(column: Sequence[T], counts: Sequence[int]) -> list[T]:
    """Give of each request what *column* says of its first message."""
    return [column[first] for first in accumulate(counts[:-1], initial=0)]


def _firsts_of(
    batch: SendBatch, counts: Sequence[int]
) -> tuple[Sequence[str], Sequence[int]]:
    """Give topic and queue id of the first message of each request."""
    topics, queue_ids = batch.topics, batch.queue_ids
    if len(counts) != len(topics):
        topics, queue_ids = _firsts(topics, counts), _firsts(queue_ids, counts)
    return topics, queue_ids


def _kind(properties: dict[str, str]) -> str | None:
    """Say what a message is if it is not for delivery at once."""
    if properties.get(props.TRANSACTION_PREPARED, "").lower() == "true":
        return "transaction"
    return None if _DELAYING.isdisjoint(properties) else "delay"
