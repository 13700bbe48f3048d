import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import MagicMock

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.client.message import Message
from twistedmq.testing.cluster import Cluster
from twistedmq.testing.following import AT_ONCE, Follower, ReactorLoop, loop_of, running
from twistedmq.testing.virtual_clock import VirtualClock


class Followed:
    """A virtual clock that follows a reactor, which is a clock as well."""

    def __init__(self) -> None:
        self.reactor = Clock()
        self.reactor.advance(1000)
        self.clock = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.clock.advance(5)
        self.follower = Follower(self.clock, ReactorLoop(self.reactor))
        self.clock.on_schedule = self.follower.look
        self.seen: list[tuple[str, float]] = []

    def later(self, name: str, delay_s: float) -> Any:
        return self.clock.callLater(
            delay_s, lambda: self.seen.append((name, self.clock.seconds()))
        )


@pytest.fixture
def followed() -> Followed:
    return Followed()


def test_what_is_due_runs_in_real_time(followed: Followed) -> None:
    followed.later("late", 4)
    followed.later("soon", 1)
    followed.reactor.advance(1)
    assert followed.seen == [("soon", 6.0)]
    followed.reactor.advance(3)
    assert followed.seen == [("soon", 6.0), ("late", 9.0)]


def test_time_that_was_advanced_by_hand_stays_ahead(followed: Followed) -> None:
    followed.later("soon", 1)
    followed.clock.advance(60)
    assert followed.seen == [("soon", 6.0)]
    followed.later("next", 1)
    followed.reactor.advance(1)
    assert followed.seen[1:] == [("next", 66.0)]


def test_skipping_takes_the_next_turn(followed: Followed) -> None:
    followed.later("far", 3600)
    followed.follower.skip(3600)
    assert followed.seen == []
    followed.reactor.advance(0)
    assert [name for name, _ in followed.seen] == ["far"]
    assert not followed.follower._skips


class Turns:
    """A loop whose turns the test takes."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def time(self) -> float:
        return 0.0

    def call_later(self, delay: float, callback: Any) -> Any:
        self.calls.append(callback)
        return MagicMock()

    def turn(self) -> None:
        calls, self.calls = self.calls, []
        for call in calls:
            call()


def test_others_have_their_turn() -> None:
    clock, loop = VirtualClock(), Turns()
    clock.on_schedule = Follower(clock, loop).look

    def again() -> None:
        clock.callLater(0, again)

    again()
    for turn in (1, 2):
        loop.turn()
        assert clock.steps == turn * AT_ONCE


def test_an_error_does_not_stop_it(followed: Followed) -> None:
    followed.clock.callLater(1, lambda: 1 / 0)
    followed.later("after", 2)
    with pytest.raises(ZeroDivisionError):
        followed.reactor.advance(1)
    followed.reactor.advance(1)
    assert [name for name, _ in followed.seen] == ["after"]


def test_who_stops_leaves_nothing_behind(followed: Followed) -> None:
    followed.later("never", 1)
    followed.follower.skip(5)
    followed.follower.stop()
    followed.follower.stop()
    assert followed.reactor.getDelayedCalls() == []


def test_a_loop_of_asyncio_is_found_where_it_runs() -> None:
    async def found() -> bool:
        loop = asyncio.get_running_loop()
        return running() is loop and loop_of(loop) is loop

    assert asyncio.run(found())
    assert not isinstance(running(), asyncio.AbstractEventLoop)


def future(deferred: "Deferred[Any]") -> "asyncio.Future[Any]":
    return deferred.asFuture(asyncio.get_running_loop())


def test_loops_come_one_after_the_other() -> None:
    """As pytest-asyncio has them: one a test."""

    async def send(cluster: Cluster, body: bytes) -> None:
        producer = await future(cluster.producer("shop").start())
        await future(producer.send(Message("orders", body)))
        await future(producer.close())

    with Cluster(topics=["orders"]) as cluster:
        asyncio.run(send(cluster, b"1"))
        asyncio.run(send(cluster, b"2"))
        stored = cluster.run(cluster.stored("orders"))
        assert [message.body for message in stored] == [b"1", b"2"]


def test_time_is_advanced_within_a_loop() -> None:
    async def retried(cluster: Cluster) -> list[int]:
        tries: list[int] = []

        def fail_once(message: Any) -> None:
            tries.append(message.reconsume_times)
            if len(tries) == 1:
                raise ValueError("not yet")

        producer = await future(cluster.producer("shop").start())
        await future(producer.send(Message("orders", b"x")))
        cluster.consumer("billing", {"orders": "*"}).run(fail_once)
        async with asyncio.timeout(10):
            while not tries:
                await asyncio.sleep(0)
        cluster.advance(timedelta(seconds=30))
        return tries

    with Cluster(topics=["orders"]) as cluster:
        assert asyncio.run(retried(cluster)) == [0, 1]
