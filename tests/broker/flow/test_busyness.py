from twisted.internet.task import Clock

from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.flow.busyness import TICK_S, TIMEOUT, Busyness
from twistedmq.config.flow import FlowConfig
from twistedmq.config.live import Live


class Measured:
    def __init__(self) -> None:
        self.clock = Clock()
        self.throughput = BrokerCounters(self.clock.seconds, "c").throughput
        self.busyness = Busyness(
            self.clock, self.clock.seconds, self.throughput, Live(FlowConfig())
        )

    def turn(self, seconds: float) -> int:
        """Let a turn of the reactor take so long; gives the wait after it."""
        self.busyness.asked()
        self.clock.advance(seconds)
        return self.busyness.wait_ms


def test_requests_wait_while_turns_are_long() -> None:
    measured = Measured()
    assert measured.turn(TICK_S) == 0
    assert measured.turn(0.35) == 0  # once may be somebody else's fault
    assert 290 <= measured.turn(0.5) <= 300
    assert 440 <= measured.turn(0.6) <= 450
    assert measured.turn(TICK_S) == 0


def test_it_measures_only_while_somebody_asks() -> None:
    measured = Measured()
    assert not measured.clock.getDelayedCalls()
    measured.busyness.asked()
    measured.clock.pump([TICK_S] * 10)
    assert not measured.clock.getDelayedCalls()
    measured.busyness.asked()
    measured.busyness.stop()
    assert not measured.clock.getDelayedCalls()


def test_a_slow_write_is_noticed_for_a_moment() -> None:
    measured = Measured()
    measured.busyness.asked()
    measured.throughput.stored(measured.clock.seconds() - 1.2, 1)
    assert measured.turn(TICK_S) == 0
    assert measured.busyness.slow_ms == 1200
    measured.turn(TICK_S)
    assert measured.busyness.slow_ms == 0


def test_waiting_for_the_disk_is_no_slow_write() -> None:
    measured = Measured()
    measured.busyness.asked()
    measured.throughput.stored(-9.0, 1, in_memory=False)
    measured.turn(TICK_S)
    assert measured.busyness.slow_ms == 0


def test_what_is_refused_is_counted() -> None:
    measured = Measured()
    measured.busyness.refused(TIMEOUT, 5)
    found = {(s.metric.name, *s.labels): s.value for s in measured.busyness.samples()}
    assert found["twistedmq_busy_refused_total", TIMEOUT] == 5
