"""An hour of a consumer's life, on the virtual clock, with something always wrong."""

import gc
import sys
from types import FunctionType, ModuleType
from typing import Any

import pytest
from consumer_runs import Run, live
from faulty_cluster import FaultyCluster, FaultyPool
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import Logger

from twistedmq.client.message import ReceivedMessage

pytestmark = pytest.mark.soak

MEMBERS = 3

ELSEWHERE = (
    type,
    ModuleType,
    FunctionType,
    Logger,
    Clock,
    Run,
    FaultyCluster,
    FaultyPool,
)
"""What a consumer refers to and is not its own."""


def size_bytes(root: Any) -> int:
    """Give the size of an object with all that it refers to."""
    seen: dict[int, int] = {}
    to_see = [root]
    while to_see:
        each = to_see.pop()
        if id(each) not in seen and not isinstance(each, ELSEWHERE):
            seen[id(each)] = sys.getsizeof(each)
            to_see += gc.get_referents(each)
    return sum(seen.values())


def ten_minutes(run: Run) -> None:
    end = run.clock.seconds() + 600
    while run.clock.seconds() < end:
        run.advance(run.random.uniform(1, 25))
        run.trouble()


def at_rest(run: Run) -> tuple[int, int, int]:
    """Give how large all consumers are, and how many Deferreds and messages."""
    run.heal()
    while len(run.cluster.consumers) > MEMBERS:
        run.leave()
    while len(run.cluster.consumers) < MEMBERS:
        run.join()
    run.advance(90)
    sizes = [size_bytes(consumer) for consumer in run.cluster.consumers.values()]
    return sum(sizes), live(Deferred), live(ReceivedMessage)


@pytest.mark.parametrize("orderly", [False, True], ids=["concurrent", "in order"])
def test_an_hour_leaves_nothing_behind(orderly: bool) -> None:
    clock = Clock()
    before = live(Deferred)
    run = Run(clock, seed=60, orderly=orderly, every_s=0.2, works_s=0.2, queues=8)
    run.start(MEMBERS)
    ten_minutes(run)
    early = at_rest(run)
    for _ in range(5):
        ten_minutes(run)
    late = at_rest(run)
    run.settle()
    run.check()
    run.close()
    print(
        f"\n{len(run.acked)} acknowledged, {run.duplicates} came again, "
        f"{sum(run.events.values())} troubles; the consumers' bytes, Deferreds and "
        f"messages after 10 minutes {early}, after an hour {late}"
    )
    # pulls, timers and queues differ a little from one moment to the other
    assert late[0] < early[0] * 1.3
    assert late[1] < early[1] + 30
    assert not clock.getDelayedCalls()
    assert live(Deferred) - before < 30
    assert run.duplicates < len(run.acked) / 20


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("orderly", [False, True], ids=["concurrent", "in order"])
def test_whatever_chance_brings(orderly: bool, seed: int) -> None:
    clock = Clock()
    run = Run(clock, seed, orderly=orderly, every_s=0.3)
    run.start()
    ten_minutes(run)
    run.settle()
    run.check()
    run.close()
    assert not clock.getDelayedCalls()
