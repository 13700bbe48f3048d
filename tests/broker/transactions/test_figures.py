from transaction_kit import COMMIT, ROLLBACK, TransactionSide

from twistedmq.broker.transactions.figures import TransactionFigures
from twistedmq.config.live import Live
from twistedmq.config.metrics import MetricsConfig


def test_what_is_shown_of_transactions() -> None:
    side = TransactionSide(most_checks=1)
    side.check_back.startService()
    config = Live(MetricsConfig())
    figures = TransactionFigures(side.counts, side.check_back, config)
    assert {s.metric.name: s.value for s in figures.samples()} == {
        "twistedmq_transaction_checks_total": 0,
        "twistedmq_oldest_half_message_seconds": 0,
    }
    halves = [side.begin(topic) for topic in "TTUV"]
    side.now_ms += 4_000
    side.end(halves[0], COMMIT)
    side.end(halves[2], ROLLBACK)
    side.let_pass(30)
    shown = {(s.metric.name, *s.labels): s.value for s in figures.samples()}
    assert shown["rocketmq_half_messages", "T"] == 1
    assert shown["rocketmq_half_messages", "U"] == 0
    assert shown["rocketmq_commit_messages_total", "T"] == 1
    assert shown["rocketmq_rollback_messages_total", "U"] == 1
    assert (
        shown["rocketmq_finish_message_latency_milliseconds", "T"].counts
        == [1] + [0] * 6
    )  # type: ignore[union-attr]
    assert shown["twistedmq_transaction_checks_total",] == 2
    assert shown["twistedmq_oldest_half_message_seconds",] == 34
    side.let_pass(30)
    shown = {(s.metric.name, *s.labels): s.value for s in figures.samples()}
    assert shown["twistedmq_half_messages_given_up_total", "V"] == 1
    assert shown["twistedmq_oldest_half_message_seconds",] == 0
    config.replace(transactions=False)
    assert list(figures.samples()) == []
    side.check_back.stopService()
