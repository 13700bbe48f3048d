from dataclasses import replace

import pytest
from write_side import WriteSide

from twistedmq.broker.flow.rates import READS, SENDS, RateTable, TooFastError
from twistedmq.config.flow import FlowConfig
from twistedmq.config.live import Live
from twistedmq.protocol.bodies import TopicConfig
from twistedmq.testing.connections import FakeConnection


class Rates:
    def __init__(self, **limits: int) -> None:
        self.side = WriteSide()
        self.config = Live(FlowConfig(**limits))
        args = self.side.topics, self.config, self.side.clock.seconds
        self.sends, self.reads = RateTable(SENDS, *args), RateTable(READS, *args)

    def topic(self, name: str, **attributes: str) -> None:
        dotted = {key.replace("_", "."): value for key, value in attributes.items()}
        self.side.topics.put(TopicConfig(topic_name=name, attributes=dotted))


def test_reads_have_other_limits_than_sends() -> None:
    rates = Rates(client_messages=1, topic_read_bytes=5)
    assert rates.sends.are_on
    assert rates.reads.are_on
    assert rates.sends.of_topic("T", 0) is None
    assert rates.reads.of_client(FakeConnection(), 0) is None
    pair = rates.reads.of_topic("T", 0)
    assert pair is not None
    assert pair.left() == (None, 5)
    pair.take(1, 100)
    with pytest.raises(TooFastError, match="topicMaxReadBytesPerSecond=5, try again"):
        rates.reads.of_topic("T", 0)
    assert rates.reads.of_topic("T", 0, may_owe=True) is pair
    assert pair.left() == (None, 1)


def test_a_topic_may_have_limits_of_its_own_or_none() -> None:
    rates = Rates(topic_read_messages=1)
    rates.topic("Mine", max_read_messages_per_second="7")
    rates.topic("Free", max_read_messages_per_second="0")
    pair = rates.reads.of_topic("Mine", 0)
    assert pair is not None
    assert pair.left() == (7, None)
    assert rates.reads.of_topic("Free", 0) is None
    rates.config.set(replace(rates.config.value, topic_read_messages=0))
    assert rates.reads.are_on
    rates.side.topics.delete("Mine")
    rates.side.topics.delete("Free")
    assert not rates.reads.are_on


def test_a_connection_that_is_lost_is_forgotten() -> None:
    rates, client = Rates(client_read_messages=1), FakeConnection()
    pair = rates.reads.of_client(client, 0)
    assert pair is not None
    pair.take(5, 5)
    client.close("gone")
    again = rates.reads.of_client(client, 0)
    assert again is not None
    assert again.left() == (1, None)


def test_what_was_refused_and_delayed_is_shown() -> None:
    rates = Rates()
    rates.reads.refused("clientMaxReadBytesPerSecond", 2)
    rates.reads.delayed("max.read.bytes.per.second")
    shown = {(s.metric.name, *s.labels): s.value for s in rates.reads.samples()}
    assert len(shown) == 12
    refused, delayed = (
        f"twistedmq_flow_control_{what}_total" for what in ("refused", "delayed")
    )
    assert shown[refused, "clientMaxReadBytesPerSecond"] == 2
    assert shown[delayed, "max.read.bytes.per.second"] == 1
    assert sum(shown.values()) == 3
