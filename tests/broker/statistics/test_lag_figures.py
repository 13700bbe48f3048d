from dataclasses import replace
from typing import Any

from read_side import ReadSide
from twisted.internet.defer import Deferred

from twistedmq.broker.statistics.lag import Lags
from twistedmq.broker.statistics.lag_figures import LagFigures
from twistedmq.config.live import Live
from twistedmq.config.metrics import MetricsConfig
from twistedmq.metrics.samples import Sample
from twistedmq.testing.batches import Told


def figures(side: ReadSide, config: MetricsConfig | None = None) -> dict[Any, Any]:
    shown = LagFigures(
        lags=Lags(side.store, side.offsets),
        topics=side.topics,
        groups=side.groups,
        clients=side.clients,
        offsets=side.offsets,
        config=Live(config or MetricsConfig()),
        wall_ms=side.wall_ms,
    )
    found: list[Sample] = []

    async def collect() -> None:
        async for sample in shown.samples():
            found.append(sample)  # noqa: PERF401

    done: list[None] = []
    Deferred.fromCoroutine(collect()).addCallback(done.append)
    assert done
    return {
        (s.metric.name.removeprefix("rocketmq_consumer_"), *s.labels): s.value
        for s in found
    }


def made() -> ReadSide:
    side = ReadSide()
    for topic in ("T", "%RETRY%G"):
        side.topic(topic, queues=1)
        side.append(Told(topic=topic), Told(topic=topic))
    side.groups.get("G")
    return side


def test_the_lag_of_a_group_without_consumers_is_shown() -> None:
    side = made()
    side.offsets.commit("G", "T", 0, 0)
    side.offsets.commit_pull("G", "T", 0, 1)
    side.offsets.commit("G", "%RETRY%G", 0, 2)
    side.now_ms += 5000
    found = figures(side)
    labels = ("G", "T", "false", "false")
    assert found["lag_messages", *labels] == 2
    assert found["lag_latency_milliseconds", *labels] == 5000
    assert found["inflight_messages", *labels] == 1
    assert found["queueing_latency_milliseconds", *labels] == 5000
    assert found["ready_messages", *labels] == 1
    assert found["lag_messages", "G", "%RETRY%G", "true", "false"] == 0
    assert found["lag_latency_milliseconds", "G", "%RETRY%G", "true", "false"] == 0


def test_what_is_subscribed_to_is_shown_before_anything_is_consumed() -> None:
    side = made()
    side.heartbeat("G", {"T": "*"})
    assert figures(side)["lag_messages", "G", "T", "false", "false"] == 0


def test_a_topic_that_is_gone_is_not_shown() -> None:
    side = made()
    side.offsets.commit("G", "T2", 0, 0)
    assert not figures(side)


def test_it_can_be_left_out() -> None:
    side = made()
    side.offsets.commit("G", "T", 0, 0)
    assert not figures(side, replace(MetricsConfig(), lag=False))
