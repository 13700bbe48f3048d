from typing import Any

import pytest
from twisted.internet.task import Clock

from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.send.counting import SendCounting
from twistedmq.store.interfaces import Appended
from twistedmq.testing.batches import Told, batch_of


@pytest.fixture
def counters() -> BrokerCounters:
    return BrokerCounters(Clock().seconds, "c1")


def count(
    counters: BrokerCounters, places: list[tuple[str, int]], counts: list[int]
) -> None:
    batch = batch_of([Told(topic, queue_id=queue) for topic, queue in places])
    starts = [100 * number for number in range(len(places))]
    end = 100 * len(places)
    SendCounting(counters).answered(batch, counts, Appended(starts, starts, end, 0))


def calls(counters: BrokerCounters) -> dict[str, Any]:
    return {topic: dict(counter.answers) for topic, counter in counters.topics()}


def test_messages_of_one_topic_are_counted_by_queue(counters: BrokerCounters) -> None:
    count(counters, [("T", 0), ("T", 1), ("T", 0)], [1, 1, 1])
    assert calls(counters) == {"T": {0: 2, 1: 1}}
    assert counters.put.messages == 3


def test_a_request_with_several_messages_is_one_call(counters: BrokerCounters) -> None:
    count(counters, [("T", 0), ("T", 0), ("T", 1)], [2, 1])
    assert calls(counters) == {"T": {0: 1, 1: 1}}
    rates = counters.rates("TOPIC_PUT_NUMS", "T")
    assert rates is not None
    assert (rates[0].total, rates[0].average) == (3, 1.5)


def test_several_topics_at_once(counters: BrokerCounters) -> None:
    count(counters, [("T", 0), ("T", 0), ("U", 1), ("U", 2)], [2, 1, 1])
    assert calls(counters) == {"T": {0: 1}, "U": {1: 1, 2: 1}}
    assert counters.put.messages == 4
