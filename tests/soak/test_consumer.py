"""An hour of a consumer's life, on the virtual clock, with something always wrong."""

import gc
import sys
from collections import deque
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
MOMENTS = 20

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


CONTAINERS = (set, dict, list, deque)
EACH_BYTES = 32
"""What a place in a container is counted as."""


def size_bytes(root: Any) -> int:
    """Give the size of an object with all that it refers to.

    Containers count by what is in them: Python keeps the room they once needed, so that
    a backlog of long ago would look like growth.
    """
    seen: dict[int, int] = {}
    to_see = [root]
    while to_see:
        each = to_see.pop()
        if id(each) not in seen and not isinstance(each, ELSEWHERE):
            seen[id(each)] = (
                len(each) * EACH_BYTES
                if isinstance(each, CONTAINERS)
                else sys.getsizeof(each)
            )
            to_see += gc.get_referents(each)
    return sum(seen.values())


def ten_minutes(run: Run) -> None:
    end = run.clock.seconds() + 600
    while run.clock.seconds() < end:
        run.advance(run.random.uniform(1, 25))
        run.trouble()


def at_rest(run: Run) -> tuple[int, int, int]:
    """Give how large all consumers are, and how many Deferreds and messages.

    Each is the least of some moments: what is asked just then makes no difference.
    """
    run.heal()
    while len(run.cluster.consumers) > MEMBERS:
        run.leave()
    while len(run.cluster.consumers) < MEMBERS:
        run.join()
    run.advance(90)
    moments = []
    for _ in range(MOMENTS):
        run.advance(1.3)
        consumers = list(run.cluster.consumers.values())
        size = size_bytes(consumers)
        moments.append((size, live(Deferred), live(ReceivedMessage)))
    sizes, deferreds, messages = zip(*moments, strict=True)
    return min(sizes), min(deferreds), min(messages)


@pytest.mark.parametrize("orderly", [False, True], ids=["concurrent", "in order"])
def test_an_hour_leaves_nothing_behind(orderly: bool) -> None:
    clock = Clock()
    before = live(Deferred)
    run = Run(clock, seed=60, orderly=orderly, every_s=0.2, works_s=0.2, queues=8)
    run.start(MEMBERS)
    rests = []
    for _ in range(6):
        ten_minutes(run)
        rests.append(at_rest(run))
    early, late = rests[0], rests[-1]
    run.settle()
    run.check()
    left = live(ReceivedMessage)
    run.close()
    print(
        f"\n{len(run.acked)} acknowledged, {run.duplicates} came again, "
        f"{sum(run.events.values())} troubles; the consumers' bytes, Deferreds and "
        f"messages every ten minutes {rests}, messages left {left}"
    )
    assert late[0] < early[0] * 1.05
    assert late[1] <= early[1] + 5
    assert late[2] <= early[2] + 5
    assert left == 0
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


@pytest.mark.parametrize("orderly", [False, True], ids=["concurrent", "in order"])
def test_two_members_come_and_go_for_an_hour(orderly: bool) -> None:
    clock = Clock()
    run = Run(clock, seed=2, orderly=orderly, every_s=0.1, works_s=0.1, queues=8)
    run.start(1)
    end = clock.seconds() + 3600
    changes = 0
    while clock.seconds() < end:
        run.advance(run.random.uniform(0.5, 10))
        run.join() if len(run.cluster.consumers) < 2 else run.leave()
        changes += 1
    run.settle()
    run.check()
    run.close()
    print(
        f"\n{changes} joined or left, {len(run.acked)} acknowledged, "
        f"{run.duplicates} came again"
    )
    assert not run.unsent
    assert run.duplicates <= (0 if orderly else changes)
    assert not clock.getDelayedCalls()
