from typing import Any

import pytest
from client_kit import held, result_of
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.client.rounds import Rounds


class Rounded:
    """Work that takes until the test says so."""

    def __init__(self) -> None:
        self.under_way: list[Deferred[bool]] = []

    async def work(self) -> bool:
        self.under_way.append(Deferred())
        return await self.under_way[-1]

    def over(self, good: bool = True) -> None:
        self.under_way[-1].callback(good)


@pytest.fixture
def rounded() -> Rounded:
    return Rounded()


@pytest.fixture
def rounds(rounded: Rounded, clock: Clock) -> Rounds:
    return Rounds(rounded.work, clock, "rounds of a test", 20.0)


def test_there_is_one_at_a_time_and_one_more_if_asked_for(
    rounds: Rounds, rounded: Rounded
) -> None:
    started = held(rounds.start())
    rounds.soon()
    rounds.soon()
    assert len(rounded.under_way) == 1
    assert not started
    rounded.over()
    assert started == [None]
    assert len(rounded.under_way) == 2


def test_who_asks_during_a_round_waits_for_the_next_one(
    rounds: Rounds, rounded: Rounded
) -> None:
    held(rounds.start())
    asked = held(rounds.round())
    rounded.over()
    assert not asked
    rounded.over()
    assert asked == [None]
    assert len(rounded.under_way) == 2


def test_stopping_lets_all_go_who_wait(
    rounds: Rounds, rounded: Rounded, clock: Clock
) -> None:
    waiting = [held(rounds.start()), held(rounds.round()), held(rounds.stop())]
    assert waiting == [[], [], []]
    rounded.over()
    assert waiting == [[None]] * 3
    assert len(rounded.under_way) == 1
    assert not clock.getDelayedCalls()
    assert result_of(rounds.round()) is None
    assert len(rounded.under_way) == 1


@pytest.mark.parametrize(("good", "after_s"), [(True, 20.0), (False, 1.0)])
def test_the_next_one_comes_by_itself(
    rounds: Rounds, rounded: Rounded, clock: Clock, good: bool, after_s: float
) -> None:
    held(rounds.start())
    rounded.over(good)
    clock.advance(after_s - 0.1)
    assert len(rounded.under_way) == 1
    clock.advance(0.1)
    assert len(rounded.under_way) == 2


def test_asking_takes_the_place_of_what_would_have_come(
    rounds: Rounds, rounded: Rounded, clock: Clock
) -> None:
    held(rounds.start())
    rounded.over()
    rounds.soon()
    assert not clock.getDelayedCalls()


def test_without_a_period_only_trouble_brings_another_one(
    rounded: Rounded, clock: Clock
) -> None:
    rounds = Rounds(rounded.work, clock, "rounds of a test")
    held(rounds.start())
    rounded.over(good=False)
    clock.advance(1.0)
    rounded.over()
    assert len(rounded.under_way) == 2
    assert not clock.getDelayedCalls()


def test_an_error_is_logged_and_counts_as_trouble(
    rounds: Rounds, rounded: Rounded, clock: Clock, logged_failures: Any
) -> None:
    started = held(rounds.start())
    rounded.under_way[-1].errback(ZeroDivisionError())
    assert started == [None]
    assert len(logged_failures.flush(ZeroDivisionError)) == 1
    clock.advance(1.0)
    assert len(rounded.under_way) == 2
