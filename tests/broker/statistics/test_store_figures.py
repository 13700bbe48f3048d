from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from read_side import ReadSide
from twisted.internet.defer import Deferred

from twistedmq.broker.statistics.store_figures import StoreFigures
from twistedmq.config.live import Live
from twistedmq.config.metrics import MetricsConfig
from twistedmq.store.interfaces import Durability
from twistedmq.testing.batches import Told

STATUS = {
    "min_offset": 0,
    "max_offset": 5000,
    "flushed_offset": 3000,
    "dispatched_offset": 4900,
    "disk_ratio": 0.25,
    "disk_total_bytes": 1000,
    "disk_free_bytes": 750,
    "queue_count": 3,
    "open_files": 2,
    "problem": "the disk is full",
}


def figures(store: Any, now_ms: int, config: MetricsConfig | None = None):
    shown = StoreFigures(store, Live(config or MetricsConfig()), lambda: now_ms)
    found: dict[Any, Any] = {}

    async def collect() -> None:
        async for sample in shown.samples():
            assert len(sample.labels) == len(sample.metric.labels)
            found[sample.metric.name, *sample.labels] = sample.value

    Deferred.fromCoroutine(collect())
    return found


def test_the_figures_of_a_store() -> None:
    store = SimpleNamespace(
        status=lambda: STATUS,
        durability=Durability.PAGE_CACHE,
        record_at=lambda offset: None,
    )
    found = figures(store, 0)
    local = ("local", "disk")
    assert found["rocketmq_storage_size_bytes", *local] == 250
    assert found["rocketmq_storage_flush_behind_bytes", *local] == 2000
    assert found["rocketmq_storage_dispatch_behind_bytes", *local] == 100
    assert found[("twistedmq_disk_use_ratio",)] == 0.25
    assert found[("twistedmq_store_refuses",)] == 1
    assert found["twistedmq_ack_durability", "page-cache"]
    assert not found["twistedmq_ack_durability", "disk"]
    name = "rocketmq_storage_message_reserve_time_milliseconds"
    assert (name, *local) not in found


def test_the_age_of_the_oldest_message() -> None:
    side = ReadSide()
    side.topic("T")
    side.append(Told(topic="T"))
    found = figures(side.store, side.now_ms + 7000)
    assert (
        found["rocketmq_storage_message_reserve_time_milliseconds", "local", "disk"]
        == 7000
    )


def test_it_can_be_left_out() -> None:
    assert not figures(ReadSide().store, 0, replace(MetricsConfig(), store=False))
