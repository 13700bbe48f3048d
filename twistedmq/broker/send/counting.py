"""What the sends of a batch brought, counted once a batch and topic."""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final

from twistedmq.broker.counters import BrokerCounters
from twistedmq.protocol import properties as props
from twistedmq.protocol.names import DLQ_PREFIX, SCHEDULE_TOPIC, is_dlq_topic
from twistedmq.protocol.send_batch import SendBatch
from twistedmq.protocol.send_decoding import DecodedSends
from twistedmq.store.interfaces import Appended

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
        """Count what is special about *sends*, and tell who asked to be told."""
        if sends.is_special:
            self._kinds(sends, appended)
            for stored in filter(None, map(sends.when_stored.get, sends.opaques)):
                stored()

    def answered(
        self,
        batch: SendBatch,
        counts: Sequence[int],
        appended: Appended,
        took_ms: int = 0,
    ) -> None:
        """Count requests that brought *counts* messages each, and how long it took."""
        topics, queue_ids, starts, end = (
            batch.topics, batch.queue_ids, appended.physical_offsets, appended.end
        )  # fmt: skip
        if _is_one(topics):
            if len(counts) != len(topics):
                queue_ids = [queue_ids[first] for first in _firsts(counts)]
            self._counters.sent_batch(topics[0], starts, end, queue_ids, took_ms)
        elif len(counts) == len(topics):
            self._counters.sent_mixed(topics, starts, end, queue_ids, took_ms)
        else:
            ends = (*starts[1:], end)
            for first, count in zip(_firsts(counts), counts, strict=True):
                some, stop = starts[first : first + count], ends[first + count - 1]
                self._counters.sent_batch(
                    topics[first], some, stop, [queue_ids[first]], took_ms
                )


def _is_one(topics: Sequence[str]) -> bool:
    return len(topics) == 1 or topics.count(topics[0]) == len(topics)


def _firsts(counts: Sequence[int]) -> Iterable[int]:
    """Give which message is the first of each request."""
    return accumulate(counts[:-1], initial=0)


def _kind(properties: dict[str, str]) -> str | None:
    """Say what a message is if it is not for delivery at once."""
    if properties.get(props.TRANSACTION_PREPARED, "").lower() == "true":
        return "transaction"
    return None if _DELAYING.isdisjoint(properties) else "delay"
