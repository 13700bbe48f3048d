"""Figures of the store. Source: DefaultStoreMetricsManager."""

from collections.abc import AsyncIterator, Callable
from typing import Final

from twistedmq.broker.settling import settle
from twistedmq.config.live import Live
from twistedmq.config.metrics import MetricsConfig
from twistedmq.metrics.samples import Sample, gauge
from twistedmq.protocol.record import store_time
from twistedmq.store.interfaces import Durability, IMessageStore

LABELS: Final = ("storage_type", "storage_medium")
VALUES: Final = ("local", "disk")

SIZE: Final = gauge("rocketmq_storage_size_bytes", "Broker storage size", *LABELS)
FLUSH_BEHIND: Final = gauge(
    "rocketmq_storage_flush_behind_bytes", "Broker flush behind bytes", *LABELS
)
DISPATCH_BEHIND: Final = gauge(
    "rocketmq_storage_dispatch_behind_bytes", "Broker dispatch behind bytes", *LABELS
)
RESERVE_TIME: Final = gauge(
    "rocketmq_storage_message_reserve_time_milliseconds",
    "Broker message reserve time",
    *LABELS,
)
DISK_RATIO: Final = gauge(
    "twistedmq_disk_use_ratio", "How full the disk of the messages is, from 0 to 1"
)
PROBLEM: Final = gauge(
    "twistedmq_store_refuses", "1 while nothing can be stored: the log says why"
)
DURABILITY: Final = gauge(
    "twistedmq_ack_durability",
    "1 for what an acknowledged message survives with today's settings",
    "survives",
)
QUEUES: Final = gauge("twistedmq_store_queues", "Queues that have had a message")
OPEN_FILES: Final = gauge("twistedmq_store_open_files", "Files of queues held open")


class StoreFigures:
    """Gives figures of the store.

    Args:
        store: asked.
        config: what is shown.
        wall_ms: the wall clock.
    """

    def __init__(
        self,
        store: IMessageStore,
        config: Live[MetricsConfig],
        wall_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._config = config
        self._wall_ms = wall_ms

    async def samples(self) -> AsyncIterator[Sample]:
        """Give today's figures."""
        if not self._config.value.store:
            return
        status = self._store.status()
        end = status["max_offset"]
        if (total := status.get("disk_total_bytes", 0)) > 0:
            yield SIZE.of(total - status["disk_free_bytes"], *VALUES)
        yield FLUSH_BEHIND.of(max(0, end - status["flushed_offset"]), *VALUES)
        yield DISPATCH_BEHIND.of(max(0, end - status["dispatched_offset"]), *VALUES)
        if (ratio := status.get("disk_ratio", -1.0)) >= 0:
            yield DISK_RATIO.of(ratio)
        yield PROBLEM.of(bool(status.get("problem")))
        for durability in Durability:
            promised = durability is self._store.durability
            yield DURABILITY.of(promised, durability.value)
        if "queue_count" in status:
            yield QUEUES.of(status["queue_count"])
        if "open_files" in status:
            yield OPEN_FILES.of(status["open_files"])
        first = await settle(self._store.record_at(status["min_offset"]))
        if first is not None:
            yield RESERVE_TIME.of(self._wall_ms() - store_time(first), *VALUES)
