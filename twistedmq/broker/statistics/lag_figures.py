"""Figures of the lag of consumer groups. Source: BrokerMetricsManager."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Final

from twistedmq.broker.clients.manager import ClientManager
from twistedmq.broker.groups.table import GroupTable
from twistedmq.broker.offsets.table import OffsetTable
from twistedmq.broker.statistics.broker_figures import truth
from twistedmq.broker.statistics.lag import LagReader
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.live import Live
from twistedmq.config.metrics import MetricsConfig
from twistedmq.metrics.samples import Sample, gauge
from twistedmq.protocol.names import is_retry_topic, is_system_group, is_system_topic

_LABELS: Final = ("consumer_group", "topic", "is_retry", "is_system")

LAG_MESSAGES: Final = gauge(
    "rocketmq_consumer_lag_messages", "Consumer lag messages", *_LABELS
)
LAG_LATENCY: Final = gauge(
    "rocketmq_consumer_lag_latency_milliseconds", "Consumer lag time", *_LABELS
)
IN_FLIGHT: Final = gauge(
    "rocketmq_consumer_inflight_messages", "Consumer inflight messages", *_LABELS
)
QUEUEING_LATENCY: Final = gauge(
    "rocketmq_consumer_queueing_latency_milliseconds",
    "Consumer queueing time",
    *_LABELS,
)
READY: Final = gauge(
    "rocketmq_consumer_ready_messages", "Consumer ready messages", *_LABELS
)


class LagFigures:
    """Gives the lag of each group in each topic it consumes.

    Groups whose consumers are all gone are shown, too: their lag is what an operator
    must hear of. Topics are those subscribed to and those with an offset.

    Args:
        lags: computed.
        topics: how many queues there are.
        groups: whose lag is shown.
        clients: what they subscribe to.
        offsets: what they have consumed.
        config: what is shown.
        wall_ms: the wall clock.
    """

    def __init__(
        self,
        *,
        lags: LagReader,
        topics: TopicTable,
        groups: GroupTable,
        clients: ClientManager,
        offsets: OffsetTable,
        config: Live[MetricsConfig],
        wall_ms: Callable[[], int],
    ) -> None:
        self._lags = lags
        self._topics = topics
        self._groups = groups
        self._clients = clients
        self._offsets = offsets
        self._config = config
        self._wall_ms = wall_ms

    async def samples(self) -> AsyncIterator[Sample]:
        """Give today's figures."""
        if not self._config.value.lag:
            return
        for group, topic, queues in self._consumed():
            lag = await self._lags.of_topic(group, topic, queues)
            labels = (
                group,
                topic,
                truth(is_retry_topic(topic)),
                truth(is_system_topic(topic) or is_system_group(group)),
            )
            yield LAG_MESSAGES.of(lag.messages, *labels)
            yield LAG_LATENCY.of(self._age_ms(lag.waiting_since_ms), *labels)
            yield IN_FLIGHT.of(lag.in_flight, *labels)
            yield QUEUEING_LATENCY.of(self._age_ms(lag.unpulled_since_ms), *labels)
            yield READY.of(lag.ready, *labels)

    def _consumed(self) -> Iterator[tuple[str, str, int]]:
        """Give group, topic and the number of queues."""
        for group in list(self._groups):
            topics = self._offsets.topics_of(group)
            known = self._clients.consumer_group(group)
            if known is not None:
                topics |= known.subscriptions.keys()
            for topic in sorted(topics):
                config = self._topics.get(topic)
                if config is not None:
                    queues = max(config.read_queue_nums, config.write_queue_nums)
                    yield group, topic, queues

    def _age_ms(self, since_ms: int) -> int:
        return max(0, self._wall_ms() - since_ms) if since_ms else 0
