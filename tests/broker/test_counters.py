from twisted.internet.task import Clock

from twistedmq.broker.counters import (
    DAY_S,
    HOUR_S,
    MINUTE_S,
    BrokerCounters,
    Counter,
)


def test_a_window_forgets_what_is_older() -> None:
    counter = Counter()
    counter.add(0, 5, 500)
    counter.add(30, 1, 100)
    assert counter.rate(30, MINUTE_S).total == 6
    assert counter.rate(65, MINUTE_S).total == 1
    assert counter.rate(65, HOUR_S).total == 6
    assert counter.rate(HOUR_S + 700, HOUR_S).total == 0
    assert counter.rate(HOUR_S + 700, DAY_S, of_bytes=True).total == 600
    assert (counter.calls, counter.messages, counter.bytes) == (2, 6, 600)


def test_averages_are_by_call() -> None:
    counter = Counter()
    counter.add(0, 5, 500)
    counter.add(1, 1, 100)
    rate = counter.rate(1, MINUTE_S)
    assert rate.average == 3.0
    assert rate.per_second == 0.1
    assert counter.rate(1000, MINUTE_S).average == 0.0


def test_topics_and_groups_are_told_apart() -> None:
    clock = Clock()
    counters = BrokerCounters(clock.seconds, "broker-a")
    counters.sent("T", 6, 600)
    counters.pulled("T", "G", 3, 300)
    assert counters.put_per_second("T") == 0.1
    assert counters.got_per_second("G", "T") == 0.05
    assert counters.got_per_second("G2", "T") == 0.0
    rates = counters.rates("TOPIC_PUT_NUMS", "T")
    assert rates is not None
    assert [rate.total for rate in rates] == [6, 6, 6]
    sizes = counters.rates("GROUP_GET_SIZE", "T@G")
    assert sizes is not None
    assert sizes[0].total == 300
    assert counters.put.messages == 6
    assert counters.got.messages == 3


def test_what_was_never_counted_is_unknown() -> None:
    counters = BrokerCounters(Clock().seconds, "broker-a")
    assert counters.rates("TOPIC_PUT_NUMS", "TNope") is None
    counters.sent("T", 1, 1)
    assert counters.rates("TOPIC_PUT", "T") is None


def test_a_deleted_topic_is_forgotten() -> None:
    counters = BrokerCounters(Clock().seconds, "broker-a")
    counters.sent("T", 1, 1)
    counters.pulled("T", "G", 1, 1)
    counters.pulled("T2", "G", 1, 1)
    counters.forget_topic("T")
    assert counters.rates("TOPIC_PUT_NUMS", "T") is None
    assert counters.rates("GROUP_GET_NUMS", "T@G") is None
    assert counters.rates("GROUP_GET_NUMS", "T2@G") is not None
