from dataclasses import replace
from typing import Any

from read_side import ReadSide

from twistedmq.broker.statistics.traffic_figures import TrafficFigures
from twistedmq.config.live import Live
from twistedmq.config.metrics import MetricsConfig
from twistedmq.metrics.samples import Distribution


def figures(side: ReadSide, config: MetricsConfig | None = None) -> dict[Any, Any]:
    shown = TrafficFigures(side.counters, side.topics, Live(config or MetricsConfig()))
    return {
        (sample.metric.name.removeprefix("rocketmq_"), *sample.labels): sample.value
        for source in (shown.incoming, shown.outgoing, shown.given_up)
        for sample in source()
    }


def test_what_is_sent_is_told_by_topic_and_type() -> None:
    side = ReadSide()
    side.topic("F", attributes={"message.type": "FIFO"})
    side.counters.sent("T", 5, 5000)
    side.counters.sent_kind("T", "delay", 2, 800)
    side.counters.sent("F", 1, 100)
    side.counters.sent("SCHEDULE_TOPIC_XXXX", 1, 100)
    found = figures(side)
    assert found["messages_in_total", "T", "normal", "false"] == 3
    assert found["messages_in_total", "T", "delay", "false"] == 2
    assert found["throughput_in_total", "T", "normal", "false"] == 4200
    assert found["throughput_in_total", "T", "delay", "false"] == 800
    assert found["messages_in_total", "F", "fifo", "false"] == 1
    assert found["messages_in_total", "SCHEDULE_TOPIC_XXXX", "normal", "true"] == 1
    sizes = found["message_size", "T", "normal", "false"]
    assert isinstance(sizes, Distribution)
    assert (sizes.number, sizes.total) == (5, 5000)


def test_what_is_pulled_is_told_by_topic_and_group() -> None:
    side = ReadSide()
    side.counters.pulled("T", "G", 5, 500)
    side.counters.pulled("T", "CID_RMQ_SYS_X", 1, 10)
    found = figures(side)
    assert found["messages_out_total", "T", "G", "false"] == 5
    assert found["throughput_out_total", "T", "G", "false"] == 500
    assert found["messages_out_total", "T", "CID_RMQ_SYS_X", "true"] == 1


def test_what_is_popped_is_told_apart() -> None:
    side = ReadSide()
    side.counters.pulled("T", "G", 5, 500)
    side.counters.popped("T", "T", "G", 2, 200)
    side.counters.popped("T", "%RETRY%G_T", "G", 1, 100)
    side.counters.popped("T", "T", "H", 4, 400)
    found = figures(side)
    assert {key: v for key, v in found.items() if key[0] == "messages_out_total"} == {
        ("messages_out_total", "T", "G", "false"): 5,
        ("messages_out_total", "T", "G", "false", "false"): 2,
        ("messages_out_total", "T", "G", "false", "true"): 1,
        ("messages_out_total", "T", "H", "false", "false"): 4,
    }
    assert found["throughput_out_total", "T", "G", "false"] == 500


def test_retry_and_dead_letter_topics_are_left_out() -> None:
    side = ReadSide()
    for topic in ("%RETRY%G", "%DLQ%G"):
        side.counters.sent(topic, 5, 500)
        side.counters.pulled(topic, "G", 5, 500)
    assert figures(side) == {("twistedmq_sends_refused_by_store_total",): 0}


def test_what_groups_gave_up_is_told() -> None:
    side = ReadSide()
    side.counters.sent_back("T", "G", dead=False)
    side.counters.sent_back("T", "G", dead=True)
    assert figures(side)["send_to_dlq_messages_total", "G", "T", "false"] == 1


def test_it_can_be_left_out() -> None:
    side = ReadSide()
    side.counters.sent("T", 5, 500)
    side.counters.pulled("T", "G", 5, 500)
    side.counters.sent_back("T", "G", dead=True)
    off = replace(MetricsConfig(), requests=False, lag=False)
    assert figures(side, off) == {("twistedmq_sends_refused_by_store_total",): 0}


def test_another_kind_may_come_while_figures_are_told() -> None:
    side = ReadSide()
    side.counters.sent("T", 5, 5000)
    side.counters.sent_kind("T", "delay", 2, 800)
    shown = TrafficFigures(side.counters, side.topics, Live(MetricsConfig())).incoming()
    for _ in range(2):
        next(shown)
    side.counters.sent_kind("T", "transaction", 1, 100)
    assert len(list(shown)) == 4
