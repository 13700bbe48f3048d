"""How much one connection may send, and how much may be sent to one topic."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

from twistedmq.broker.attributes import MAX_BYTES, MAX_MESSAGES
from twistedmq.broker.flow.buckets import Bucket
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.flow import FlowConfig
from twistedmq.config.live import Live
from twistedmq.metrics.samples import Sample, counter
from twistedmq.protocol.bodies import TopicConfig
from twistedmq.protocol.errors import BusyError, TwistedMQError
from twistedmq.protocol.send_decoding import DecodedSends
from twistedmq.remoting.interfaces import IConnection

REFUSED: Final = counter(
    "twistedmq_flow_control_refused_total",
    "Sends that were refused since a limit of rates was exceeded",
    "limit",
)
_CLIENT_KEYS: Final = ("clientMaxMessagesPerSecond", "clientMaxBytesPerSecond")
_TOPIC_KEYS: Final = ("topicMaxMessagesPerSecond", "topicMaxBytesPerSecond")
_ATTRIBUTES: Final = (MAX_MESSAGES, MAX_BYTES)


class TooFastError(BusyError):
    """More is sent than a limit allows; producers send it again."""

    def __init__(self, who: str, limit: str, rate: int, wait_s: float) -> None:
        """Say *who* exceeds the *limit*, what it is, and when to try again."""
        super().__init__(
            f"[FLOW_CONTROL]{who} is over the limit {limit}={rate}, try again in "
            f"{max(1, round(wait_s * 1000))} ms"
        )
        self.limit = limit


class _Limit(Struct):
    """A rate, and where it comes from."""

    name: str
    rate: int


class _Pair:
    """The two buckets of a connection or topic: messages, and bytes."""

    __slots__ = ("buckets",)

    def __init__(self) -> None:
        self.buckets: list[Bucket | None] = [None, None]

    def check(self, who: str, limits: tuple[_Limit, _Limit], now_s: float) -> None:
        """Raise TooFastError if one of the buckets is empty."""
        for column, limit in enumerate(limits):
            if not limit.rate:
                self.buckets[column] = None
                continue
            bucket = self.buckets[column]
            if bucket is None:
                bucket = self.buckets[column] = Bucket(now_s, limit.rate)
            if (wait_s := bucket.wait_s(now_s, limit.rate)) > 0:
                raise TooFastError(who, limit.name, limit.rate, wait_s)

    def take(self, messages: int, size: int) -> None:
        """Take out what is sent."""
        for bucket, amount in zip(self.buckets, (messages, size), strict=True):
            if bucket is not None:
                bucket.take(amount)


class Quotas:
    """Says which sends are too much.

    Attributes:
        are_on: whether there is any limit; if not, nothing need be asked.
    """

    def __init__(
        self, topics: TopicTable, config: Live[FlowConfig], seconds: Callable[[], float]
    ) -> None:
        """Take limits from *config* and from the attributes of *topics*."""
        self._topics = topics
        self._config = config
        self._seconds = seconds
        self._of_connection: dict[IConnection, _Pair] = {}
        self._of_topic: dict[str, _Pair] = {}
        self._with_attributes = {
            topic for topic in topics if _has_limits(topics.get(topic))
        }
        self._refused: Counter[str] = Counter()
        topics.on_change(self._topic_changed)
        config.subscribe(self._settings_changed)
        self._settings_changed(config.value)

    def exceeded(
        self, sends: DecodedSends, connection: IConnection
    ) -> dict[int, TwistedMQError]:
        """Give, by request, what is wrong with those that are too much.

        The others are counted.
        """
        config, now_s = self._config.value, self._seconds()
        pair = None
        if config.client_messages or config.client_bytes:
            pair = self._pair_of(connection)
            limits = _limits(_CLIENT_KEYS, config.client_messages, config.client_bytes)
            try:
                pair.check(f"client {connection.peer}", limits, now_s)
            except TooFastError as error:
                self._refused[error.limit] += len(sends.opaques)
                return dict.fromkeys(range(len(sends.opaques)), error)
        wrong: dict[int, TwistedMQError] = {}
        of_topic = self._checked(set(sends.batch.topics), now_s)
        first = 0
        for request, count in enumerate(sends.counts):
            size = sum(map(len, sends.batch.bodies[first : first + count]))
            found = of_topic.get(sends.batch.topics[first])
            first += count
            if isinstance(found, TooFastError):
                self._refused[found.limit] += 1
                wrong[request] = found
                continue
            for each in (pair, found):
                if each is not None:
                    each.take(count, size)
        return wrong

    def _checked(
        self, topics: set[str], now_s: float
    ) -> dict[str, _Pair | TooFastError]:
        """Give the buckets of each topic with limits, or what is wrong with it."""
        checked: dict[str, _Pair | TooFastError] = {}
        for topic in topics:
            limits = self._limits_of(topic)
            if not any(limit.rate for limit in limits):
                continue
            pair = self._of_topic.get(topic)
            if pair is None:
                pair = self._of_topic[topic] = _Pair()
            try:
                pair.check(f"topic {topic}", limits, now_s)
                checked[topic] = pair
            except TooFastError as error:
                checked[topic] = error
        return checked

    def _limits_of(self, topic: str) -> tuple[_Limit, _Limit]:
        config = self._config.value
        rates = [config.topic_messages, config.topic_bytes]
        names = list(_TOPIC_KEYS)
        if topic in self._with_attributes:
            known = self._topics.get(topic)
            attributes = (known.attributes if known else None) or {}
            for column, name in enumerate(_ATTRIBUTES):
                if name in attributes:
                    rates[column], names[column] = int(attributes[name]), name
        return _Limit(names[0], rates[0]), _Limit(names[1], rates[1])

    def _pair_of(self, connection: IConnection) -> _Pair:
        pair = self._of_connection.get(connection)
        if pair is None:
            pair = self._of_connection[connection] = _Pair()
            connection.on_close(self._connection_lost)
        return pair

    def samples(self) -> Iterator[Sample]:
        """Give what was refused, by limit."""
        for limit in (*_CLIENT_KEYS, *_TOPIC_KEYS, *_ATTRIBUTES):
            yield REFUSED.of(self._refused[limit], limit)

    def _connection_lost(self, connection: IConnection) -> None:
        self._of_connection.pop(connection, None)

    def _topic_changed(self, topic: str, config: TopicConfig | None) -> None:
        if _has_limits(config):
            self._with_attributes.add(topic)
        else:
            self._with_attributes.discard(topic)
        if config is None:
            self._of_topic.pop(topic, None)
        self._settings_changed(self._config.value)

    def _settings_changed(self, config: FlowConfig) -> None:
        rates = (
            config.client_messages,
            config.client_bytes,
            config.topic_messages,
            config.topic_bytes,
        )
        self.are_on = any(rates) or bool(self._with_attributes)


def _limits(names: tuple[str, str], messages: int, size: int) -> tuple[_Limit, _Limit]:
    return _Limit(names[0], messages), _Limit(names[1], size)


def _has_limits(config: TopicConfig | None) -> bool:
    attributes = (config.attributes if config else None) or {}
    return any(name in attributes for name in _ATTRIBUTES)
