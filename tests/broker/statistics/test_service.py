from typing import Any

from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock

from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.statistics.days import Days, Sums
from twistedmq.broker.statistics.service import AT_ONCE, StatisticsService


def service(clock: Clock) -> tuple[StatisticsService, BrokerCounters]:
    counters = BrokerCounters(clock.seconds, "c")
    made = StatisticsService(
        clock,
        clock.seconds,
        counters,
        Days(Sums, lambda: 0),
    )
    return made, counters


def test_counters_are_sampled_while_it_runs() -> None:
    clock = Clock()
    running, counters = service(clock)
    running.startService()
    counters.sent("T", 6, 600)
    clock.pump([1.0] * 80)
    rates = counters.rates("TOPIC_PUT_NUMS", "T")
    assert rates is not None
    assert [rate.total for rate in rates] == [0, 6, 6]
    running.stopService()
    assert not clock.getDelayedCalls()


class NotingClock(Clock):
    """Notes for how long calls are put off."""

    def __init__(self) -> None:
        super().__init__()
        self.delays: list[float] = []

    def callLater(self, delay: float, *call: Any, **named: Any) -> IDelayedCall:
        self.delays.append(delay)
        return super().callLater(delay, *call, **named)


def busy_service(clock: Clock) -> tuple[StatisticsService, BrokerCounters]:
    """Give one that runs, with more counters to sample than go at once."""
    running, counters = service(clock)
    running.startService()
    for number in range(2 * AT_ONCE):
        counters.sent(f"T{number}", 1, 1)
    return running, counters


def test_many_are_sampled_in_slices() -> None:
    clock = NotingClock()
    running, counters = busy_service(clock)
    clock.pump([1.0] * 19)
    assert clock.delays.count(0) == 2  # the broker's own changed, too
    assert next(counters.sampling(), "none changed") == "none changed"
    running.stopService()
    assert not clock.getDelayedCalls()


def test_a_stop_ends_a_round() -> None:
    clock = NotingClock()
    running, _ = busy_service(clock)
    clock.callLater(9.5, lambda: clock.callLater(0.5, running.stopService))
    clock.pump([0.5] * 22)
    assert clock.delays.count(0) == 1
    assert not clock.getDelayedCalls()


def test_a_late_tick_is_noted() -> None:
    clock = Clock()
    running, _ = service(clock)
    running.startService()
    clock.advance(1.0)
    clock.advance(1.3)
    running.stopService()
    assert running.lateness.number == 2
    assert abs(running.lateness.total - 0.3) < 1e-9


def test_a_round_ends_though_counters_change_meanwhile() -> None:
    counters = BrokerCounters(Clock().seconds, "b")
    topics = [f"T{number}" for number in range(5)]
    for topic in topics:
        counters.sent(topic, 1, 100)
    steps = 0
    for _ in counters.sampling():
        steps += 1
        assert steps < 10
        for topic in topics:
            counters.sent(topic, 1, 100)
    assert steps == len(topics) + 1  # the broker's own changed, too
