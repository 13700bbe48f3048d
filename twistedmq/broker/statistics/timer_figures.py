"""Figures of messages that wait for their time. Source: DefaultStoreMetricsManager."""

from collections.abc import Iterator
from typing import Final

from twistedmq.broker.statistics.store_figures import LABELS, VALUES
from twistedmq.broker.timer.backlog import TimerBacklog
from twistedmq.config.live import Live
from twistedmq.config.metrics import MetricsConfig
from twistedmq.metrics.samples import Sample, counter, gauge, histogram

PLACE_LAG: Final = gauge(
    "rocketmq_timer_enqueue_lag", "Timer enqueue messages lag", *LABELS
)
PLACE_LATENCY: Final = gauge(
    "rocketmq_timer_enqueue_latency_milliseconds", "Timer enqueue latency", *LABELS
)
DELIVER_LAG: Final = gauge(
    "rocketmq_timer_dequeue_lag", "Timer dequeue messages lag", *LABELS
)
DELIVER_LATENCY: Final = gauge(
    "rocketmq_timer_dequeue_latency_milliseconds", "Timer dequeue latency", *LABELS
)
WAITING: Final = gauge(
    "rocketmq_timing_messages", "Current message number in timing", "topic", *LABELS
)
DUE_WITHIN: Final = gauge(
    "rocketmq_timer_message_snapshot",
    "Timer message distribution snapshot, only count timing messages in 24h.",
    "timer_bound_s",
    *LABELS,
)
PLACED_OF: Final = counter(
    "rocketmq_timer_enqueue_total", "Total number of timer enqueue", "topic", *LABELS
)
DELIVERED_OF: Final = counter(
    "rocketmq_timer_dequeue_total", "Total number of timer dequeue", "topic", *LABELS
)
DELAYS: Final = histogram(
    "rocketmq_delay_message_latency_seconds",
    "Timer message set latency distribution",
    "topic",
    *LABELS,
)
PLACED: Final = counter(
    "twistedmq_timer_placed_total", "Messages that went into the wheel"
)
DELIVERED: Final = counter(
    "twistedmq_timer_delivered_total", "Messages that left the wheel"
)

BOUNDS_S: Final = (5, 60, 300, 900, 3600, 14_400, 86_400)


class TimerFigures:
    """Gives figures of the timers."""

    def __init__(self, backlog: TimerBacklog, config: Live[MetricsConfig]) -> None:
        self._backlog = backlog
        self._config = config

    def samples(self) -> Iterator[Sample]:
        """Give today's figures."""
        if not self._config.value.store:
            return
        backlog = self._backlog
        due = backlog.waiting_until([0, *BOUNDS_S])
        yield PLACE_LAG.of(backlog.place_behind_messages, *VALUES)
        yield PLACE_LATENCY.of(backlog.place_behind_ms, *VALUES)
        yield DELIVER_LAG.of(due[0], *VALUES)
        yield DELIVER_LATENCY.of(backlog.deliver_behind_ms, *VALUES)
        for topic, number in backlog.metrics.counts().items():
            yield WAITING.of(number, topic, *VALUES)
        for bound, number in zip(BOUNDS_S, due[1:], strict=True):
            yield DUE_WITHIN.of(number, f"{bound}", *VALUES)
        for topic, number in backlog.metrics.placed.items():
            yield PLACED_OF.of(number, topic, *VALUES)
        for topic, number in backlog.metrics.delivered.items():
            yield DELIVERED_OF.of(number, topic, *VALUES)
        for topic, delays in backlog.metrics.delays.items():
            yield DELAYS.of(delays, topic, *VALUES)
        yield PLACED.of(backlog.placed)
        yield DELIVERED.of(backlog.delivered)
