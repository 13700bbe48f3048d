from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from read_side import ReadSide
from twisted.internet.defer import Deferred

from twistedmq.broker.pop.revive_queue import ReviveQueue
from twistedmq.broker.statistics.pop_figures import PopFigures
from twistedmq.config.live import Live
from twistedmq.config.metrics import MetricsConfig
from twistedmq.testing.batches import Told

REVIVE = "rmq_sys_REVIVE_LOG_C"


def figures(config: MetricsConfig) -> dict[Any, Any]:
    side = ReadSide()
    side.topic(REVIVE, queues=2)
    for _ in range(3):
        side.append(Told(topic=REVIVE))
        side.now_ms += 1000
    revive: Any = SimpleNamespace(queues=[ReviveQueue(0, 1), ReviveQueue(1, 0)])
    shown = PopFigures(revive, side.store, REVIVE, Live(config), side.wall_ms)
    found: dict[Any, Any] = {}

    async def collect() -> None:
        async for sample in shown.samples():
            found[sample.metric.name, *sample.labels] = sample.value

    Deferred.fromCoroutine(collect())
    return found


def test_how_far_reviving_is_behind() -> None:
    found = figures(MetricsConfig())
    assert found["rocketmq_pop_revive_lag_milliseconds", "0"] == 2
    assert found["rocketmq_pop_revive_latency_milliseconds", "0"] == 2000
    assert found["rocketmq_pop_revive_lag_milliseconds", "1"] == 0
    assert found["rocketmq_pop_revive_latency_milliseconds", "1"] == 0
    assert found["twistedmq_pop_checkpoints", "0"] == 0


def test_they_can_be_left_out() -> None:
    assert not figures(replace(MetricsConfig(), pop_figures=False))
