from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from twistedmq.broker.statistics.timer_figures import BOUNDS_S, TimerFigures
from twistedmq.config.live import Live
from twistedmq.config.metrics import MetricsConfig
from twistedmq.metrics.samples import Distribution

DELAYS = Distribution([60, 600])
BACKLOG: Any = SimpleNamespace(
    waiting_until=lambda seconds: [2, *range(10, 10 + len(seconds) - 1)],
    place_behind_messages=3,
    place_behind_ms=400,
    deliver_behind_ms=500,
    metrics=SimpleNamespace(
        counts=lambda: {"T": 7},
        placed={"T": 9},
        delivered={"T": 2},
        delays={"T": DELAYS},
    ),
    placed=20,
    delivered=13,
)


def test_what_waits_and_how_far_timers_are_behind() -> None:
    figures = TimerFigures(BACKLOG, Live(MetricsConfig()))
    found = {(s.metric.name, *s.labels): s.value for s in figures.samples()}
    local = ("local", "disk")
    assert found["rocketmq_timer_enqueue_lag", *local] == 3
    assert found["rocketmq_timer_enqueue_latency_milliseconds", *local] == 400
    assert found["rocketmq_timer_dequeue_lag", *local] == 2
    assert found["rocketmq_timer_dequeue_latency_milliseconds", *local] == 500
    assert found["rocketmq_timing_messages", "T", *local] == 7
    assert found["rocketmq_timer_message_snapshot", "60", *local] == 11
    assert found[("twistedmq_timer_placed_total",)] == 20
    assert found[("twistedmq_timer_delivered_total",)] == 13
    assert found["rocketmq_timer_enqueue_total", "T", *local] == 9
    assert found["rocketmq_timer_dequeue_total", "T", *local] == 2
    assert found["rocketmq_delay_message_latency_seconds", "T", *local] is DELAYS
    assert len(found) == 10 + len(BOUNDS_S)


def test_they_can_be_left_out() -> None:
    off = Live(replace(MetricsConfig(), store=False))
    assert not list(TimerFigures(BACKLOG, off).samples())
