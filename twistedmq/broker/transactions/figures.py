"""Figures of transactions for /metrics. Source: BrokerMetricsManager."""

from collections.abc import Iterator
from typing import Final

from twistedmq.broker.transactions.check_back import CheckBack
from twistedmq.broker.transactions.counts import TransactionCounts
from twistedmq.config.live import Live
from twistedmq.config.metrics import MetricsConfig
from twistedmq.metrics.samples import Sample, counter, gauge, histogram

OPEN: Final = gauge("rocketmq_half_messages", "Half messages of all topics", "topic")
COMMITTED: Final = counter(
    "rocketmq_commit_messages_total", "Total number of commit messages", "topic"
)
ROLLED_BACK: Final = counter(
    "rocketmq_rollback_messages_total", "Total number of rollback messages", "topic"
)
LATENCY: Final = histogram(
    "rocketmq_finish_message_latency_milliseconds",
    "Transaction finish latency (in seconds, in spite of its name)",
    "topic",
)
GIVEN_UP: Final = counter(
    "twistedmq_half_messages_given_up_total",
    "Half messages moved to TRANS_CHECK_MAX_TIME_TOPIC, since nobody decided on them",
    "topic",
)
ASKED: Final = counter(
    "twistedmq_transaction_checks_total", "Half messages whose producer was asked"
)
OLDEST: Final = gauge(
    "twistedmq_oldest_half_message_seconds",
    "Age of the oldest half message that the last round asked about; 0 without one",
)


class TransactionFigures:
    """Gives how many halves there are, and how they ended."""

    def __init__(
        self,
        counts: TransactionCounts,
        check_back: CheckBack,
        config: Live[MetricsConfig],
    ) -> None:
        self._counts = counts
        self._check_back = check_back
        self._config = config

    def samples(self) -> Iterator[Sample]:
        """Give the figures."""
        if not self._config.value.transactions:
            return
        counts = self._counts
        for topic, halves in counts.open.items():
            yield OPEN.of(halves.count, topic)
        for metric, table in (
            (COMMITTED, counts.committed),
            (ROLLED_BACK, counts.rolled_back),
            (GIVEN_UP, counts.given_up),
        ):
            for topic, number in table.items():
                yield metric.of(number, topic)
        for topic, latency in counts.latency_s.items():
            yield LATENCY.of(latency, topic)
        yield ASKED.of(self._check_back.asked)
        yield OLDEST.of(self._check_back.oldest_ms / 1000)
