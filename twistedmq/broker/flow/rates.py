"""Limits of rates: of one connection, and of one topic, in messages and in bytes.

What is sent and what is read have limits of their own; how they are set, found and
paid for is the same.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

from twistedmq.broker.attributes import (
    MAX_BYTES,
    MAX_MESSAGES,
    MAX_READ_BYTES,
    MAX_READ_MESSAGES,
)
from twistedmq.broker.flow.buckets import Bucket
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.flow import FlowConfig
from twistedmq.config.live import Live
from twistedmq.metrics.samples import Sample, counter
from twistedmq.protocol.bodies import TopicConfig
from twistedmq.protocol.errors import BusyError
from twistedmq.remoting.interfaces import IConnection

REFUSED: Final = counter(
    "twistedmq_flow_control_refused_total",
    "Requests that were refused since a limit of rates was exceeded",
    "limit",
)
DELAYED: Final = counter(
    "twistedmq_flow_control_delayed_total",
    "Requests that were served later since a limit of rates was exceeded",
    "limit",
)


class RateKind(Struct, frozen=True):
    """What is limited, and where the limits are found: messages first, then bytes."""

    client_keys: tuple[str, str]
    topic_keys: tuple[str, str]
    attributes: tuple[str, str]
    client: Callable[[FlowConfig], tuple[int, int]]
    topic: Callable[[FlowConfig], tuple[int, int]]


SENDS: Final = RateKind(
    ("clientMaxMessagesPerSecond", "clientMaxBytesPerSecond"),
    ("topicMaxMessagesPerSecond", "topicMaxBytesPerSecond"),
    (MAX_MESSAGES, MAX_BYTES),
    lambda config: (config.client_messages, config.client_bytes),
    lambda config: (config.topic_messages, config.topic_bytes),
)
READS: Final = RateKind(
    ("clientMaxReadMessagesPerSecond", "clientMaxReadBytesPerSecond"),
    ("topicMaxReadMessagesPerSecond", "topicMaxReadBytesPerSecond"),
    (MAX_READ_MESSAGES, MAX_READ_BYTES),
    lambda config: (config.client_read_messages, config.client_read_bytes),
    lambda config: (config.topic_read_messages, config.topic_read_bytes),
)


class TooFastError(BusyError):
    """More is sent or read than a limit allows; clients try again."""

    def __init__(self, who: str, limit: str, rate: int, wait_s: float) -> None:
        """Say *who* exceeds the *limit*, what it is, and when to try again."""
        super().__init__(
            f"[FLOW_CONTROL]{who} is over the limit {limit}={rate}, try again in "
            f"{max(1, round(wait_s * 1000))} ms"
        )
        self.limit = limit
        self.wait_s = wait_s


class Limit(Struct):
    """A rate, and where it comes from."""

    name: str
    rate: int


Limits = tuple[Limit, Limit]


class Pair:
    """The two buckets of a connection or topic: messages, and bytes."""

    __slots__ = ("buckets",)

    def __init__(self) -> None:
        self.buckets: list[Bucket | None] = [None, None]

    def check(
        self, who: str, limits: Limits, now_s: float, *, may_owe: bool = False
    ) -> None:
        """Raise TooFastError if one of the buckets is empty, unless it *may_owe*."""
        for column, limit in enumerate(limits):
            if not limit.rate:
                self.buckets[column] = None
                continue
            bucket = self.buckets[column]
            if bucket is None:
                bucket = self.buckets[column] = Bucket(now_s, limit.rate)
            if (wait_s := bucket.wait_s(now_s, limit.rate)) > 0 and not may_owe:
                raise TooFastError(who, limit.name, limit.rate, wait_s)

    def take(self, messages: int, size: int) -> None:
        """Take out what is sent or read."""
        for bucket, amount in zip(self.buckets, (messages, size), strict=True):
            if bucket is not None:
                bucket.take(amount)

    def left(self) -> tuple[int | None, int | None]:
        """Give how much there is, at least one, of what is limited."""
        messages, size = (
            None if bucket is None else max(1, int(bucket.tokens))
            for bucket in self.buckets
        )
        return messages, size


class RateTable:
    """The buckets of all connections and topics, of what is sent or of what is read.

    Attributes:
        are_on: whether there is any limit; if not, nothing need be asked.
    """

    def __init__(
        self,
        kind: RateKind,
        topics: TopicTable,
        config: Live[FlowConfig],
        seconds: Callable[[], float],
    ) -> None:
        """Take limits from *config* and from the attributes of *topics*."""
        self.seconds = seconds
        self._kind = kind
        self._topics = topics
        self._config = config
        self._of_connection: dict[IConnection, Pair] = {}
        self._of_topic: dict[str, Pair] = {}
        self._with_attributes = {
            topic for topic in topics if self._has_limits(topics.get(topic))
        }
        self._refused: Counter[str] = Counter()
        self._delayed: Counter[str] = Counter()
        topics.on_change(self._topic_changed)
        config.subscribe(self._settings_changed)
        self._settings_changed(config.value)

    def of_client(
        self, connection: IConnection, now_s: float, *, may_owe: bool = False
    ) -> Pair | None:
        """Give the buckets of a connection; None if it has no limits.

        Raises: TooFastError, if one is empty, unless it *may_owe*.
        """
        kind = self._kind
        rates = kind.client(self._config.value)
        if not any(rates):
            return None
        pair = self._of_connection.get(connection)
        if pair is None:
            pair = self._of_connection[connection] = Pair()
            connection.on_close(self._connection_lost)
        limits = _limits(kind.client_keys, rates)
        pair.check(f"client {connection.peer}", limits, now_s, may_owe=may_owe)
        return pair

    def of_topic(
        self, topic: str, now_s: float, *, may_owe: bool = False
    ) -> Pair | None:
        """Give the buckets of a topic; None if it has no limits.

        Raises: TooFastError, if one is empty, unless it *may_owe*.
        """
        limits = self._limits_of(topic)
        if not (limits[0].rate or limits[1].rate):
            return None
        pair = self._of_topic.get(topic)
        if pair is None:
            pair = self._of_topic[topic] = Pair()
        pair.check(f"topic {topic}", limits, now_s, may_owe=may_owe)
        return pair

    def _limits_of(self, topic: str) -> Limits:
        rates = list(self._kind.topic(self._config.value))
        names = list(self._kind.topic_keys)
        if topic in self._with_attributes:
            known = self._topics.get(topic)
            attributes = (known.attributes if known else None) or {}
            for column, name in enumerate(self._kind.attributes):
                if name in attributes:
                    rates[column], names[column] = int(attributes[name]), name
        return Limit(names[0], rates[0]), Limit(names[1], rates[1])

    def refused(self, limit: str, number: int) -> None:
        """Count requests that were refused."""
        self._refused[limit] += number

    def delayed(self, limit: str) -> None:
        """Count a request that is served later."""
        self._delayed[limit] += 1

    def samples(self) -> Iterator[Sample]:
        """Give what was refused, and what was delayed, by limit."""
        kind = self._kind
        for limit in (*kind.client_keys, *kind.topic_keys, *kind.attributes):
            yield REFUSED.of(self._refused[limit], limit)
            if kind is READS:
                yield DELAYED.of(self._delayed[limit], limit)

    def _connection_lost(self, connection: IConnection) -> None:
        self._of_connection.pop(connection, None)

    def _topic_changed(self, topic: str, config: TopicConfig | None) -> None:
        if self._has_limits(config):
            self._with_attributes.add(topic)
        else:
            self._with_attributes.discard(topic)
        if config is None:
            self._of_topic.pop(topic, None)
        self._settings_changed(self._config.value)

    def _has_limits(self, config: TopicConfig | None) -> bool:
        attributes = (config.attributes if config else None) or {}
        return any(name in attributes for name in self._kind.attributes)

    def _settings_changed(self, config: FlowConfig) -> None:
        kind = self._kind
        rates = (*kind.client(config), *kind.topic(config))
        self.are_on = any(rates) or bool(self._with_attributes)


def _limits(names: tuple[str, str], rates: tuple[int, int]) -> Limits:
    return Limit(names[0], rates[0]), Limit(names[1], rates[1])
