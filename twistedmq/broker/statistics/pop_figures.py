"""Figures of pops that are not over. Source: PopMetricsManager."""

from collections.abc import AsyncIterator, Callable
from typing import Final

from twistedmq.broker.pop.revive_service import ReviveService
from twistedmq.broker.settling import settle
from twistedmq.config.live import Live
from twistedmq.config.metrics import MetricsConfig
from twistedmq.metrics.samples import Sample, gauge
from twistedmq.store.interfaces import IMessageReader

LAG: Final = gauge(
    "rocketmq_pop_revive_lag_milliseconds",
    "Messages of the revive topic that are not read yet (a number, in spite of its "
    "name)",
    "queue_id",
)
LATENCY: Final = gauge(
    "rocketmq_pop_revive_latency_milliseconds",
    "How old the first of those is",
    "queue_id",
)
PENDING: Final = gauge(
    "twistedmq_pop_checkpoints",
    "Pops whose time is nearly over and that are not acknowledged",
    "queue_id",
)


class PopFigures:
    """Gives figures of reviving.

    Args:
        revive: knows how far it has read.
        store: knows how far the revive topic reaches.
        topic: its name.
        config: what is shown.
        wall_ms: the wall clock.
    """

    def __init__(
        self,
        revive: ReviveService,
        store: IMessageReader,
        topic: str,
        config: Live[MetricsConfig],
        wall_ms: Callable[[], int],
    ) -> None:
        self._revive = revive
        self._store = store
        self._topic = topic
        self._config = config
        self._wall_ms = wall_ms

    async def samples(self) -> AsyncIterator[Sample]:
        """Give today's figures."""
        if not self._config.value.pop_figures:
            return
        for queue in list(self._revive.queues):
            queue_id, offset = queue.queue_id, queue.next_offset
            _, end = self._store.queue_bounds(self._topic, queue_id)
            age_ms = 0
            if offset < end:
                stored = self._store.store_time(self._topic, queue_id, offset)
                stored_ms = await settle(stored)
                age_ms = max(0, self._wall_ms() - stored_ms) if stored_ms > 0 else 0
            yield LAG.of(max(0, end - offset), f"{queue_id}")
            yield LATENCY.of(age_ms, f"{queue_id}")
            yield PENDING.of(len(queue), f"{queue_id}")
