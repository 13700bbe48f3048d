import pytest
from twisted.internet.task import Clock

from twistedmq.client.rates import Rates


@pytest.fixture
def rates(clock: Clock) -> Rates:
    rates = Rates(clock)
    rates.start()
    return rates


def test_what_was_not_counted_is_zero(rates: Rates) -> None:
    status = rates.status("T")
    assert status.pull_tps == status.consume_ok_tps == status.consume_rt == 0
    assert "T" not in rates.counts


def test_rates_are_those_of_the_last_minute(rates: Rates, clock: Clock) -> None:
    counts = rates.counts["T"]
    for _ in range(12):
        counts.pulls += 1
        counts.pulled += 30
        counts.pull_s += 0.25
        counts.calls += 30
        counts.consumed += 20
        counts.failed += 10
        counts.consume_s += 0.6
        clock.advance(10)
    status = rates.status("T")
    assert (status.pull_tps, status.pull_rt) == (3, 250)
    assert (status.consume_ok_tps, status.consume_failed_tps) == (2, 1)
    assert status.consume_rt == pytest.approx(20)
    assert status.consume_failed_msgs == 120


def test_at_first_there_is_less_than_a_minute(rates: Rates, clock: Clock) -> None:
    rates.counts["T"].consumed += 30
    clock.advance(1)
    assert rates.status("T").consume_ok_tps == 3
    clock.pump([7, 7])
    assert rates.status("T").consume_ok_tps == 2


def test_what_is_over_is_forgotten(rates: Rates, clock: Clock) -> None:
    counts = rates.counts["T"]
    counts.calls += 1
    counts.failed += 1
    counts.consume_s += 0.005
    clock.pump([10] * 12)
    status = rates.status("T")
    assert status.consume_failed_tps == 0
    assert (status.consume_rt, status.consume_failed_msgs) == (5, 1)
    clock.pump([10] * 420)
    status = rates.status("T")
    assert (status.consume_rt, status.consume_failed_msgs) == (0, 0)


def test_samples_do_not_pile_up_and_end(rates: Rates, clock: Clock) -> None:
    rates.counts["T"].pulls += 1
    clock.pump([10] * 1000)
    assert len(rates._minute) <= 8
    assert len(rates._hour) <= 8
    rates.stop()
    assert not clock.getDelayedCalls()
    rates.stop()
