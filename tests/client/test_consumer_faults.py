"""Whatever goes wrong: nothing acknowledged is lost, and order is kept.

On a simulated network and a virtual clock; longer in tests/soak/test_consumer.py.
"""

from collections.abc import Callable
from typing import Any

import pytest
from consumer_runs import Run, live
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

ONE_BY_ONE: dict[str, Callable[[Run], Any]] = Run._TROUBLES


@pytest.mark.parametrize("trouble", sorted(ONE_BY_ONE))
def test_nothing_is_lost_over(trouble: str, clock: Clock) -> None:
    run = Run(clock, seed=7, orderly=True)
    run.start()
    run.advance(5)
    ONE_BY_ONE[trouble](run)
    run.advance(20)
    run.settle()
    run.check()
    assert len(run.acked) > 50
    # what was consumed since the last commit, at most, and what was in work
    assert run.duplicates <= 40
    run.close()
    assert not clock.getDelayedCalls()


@pytest.mark.parametrize("orderly", [False, True], ids=["concurrent", "in order"])
def test_nothing_is_lost_when_much_goes_wrong(orderly: bool, clock: Clock) -> None:
    before = live(Deferred)
    run = Run(clock, seed=11, orderly=orderly, every_s=0.5)
    run.start()
    for _ in range(10):
        run.advance(run.random.uniform(2, 20))
        run.trouble()
    run.settle()
    run.check()
    assert run.duplicates <= 100
    run.close()
    assert not clock.getDelayedCalls()
    assert live(Deferred) - before < 30
