from typing import Any

import pytest
from twisted.internet.task import Clock

from twistedmq.broker.waiting import Waiting
from twistedmq.remoting.timer_wheel import Timer, TimerWheel
from twistedmq.testing.connections import FakeConnection


class One:
    def __init__(self, connection: FakeConnection) -> None:
        self.connection: Any = connection
        self.timer: Timer | None = None


class Keeper:
    def __init__(self) -> None:
        self.clock = Clock()
        self.expired: list[One] = []
        self.gone: list[One] = []
        self.waiting: Waiting[One] = Waiting(
            TimerWheel(self.clock), self._expire, self._go
        )

    def _expire(self, one: One) -> None:
        self.waiting.remove(one)
        self.expired.append(one)

    def _go(self, one: One) -> None:
        self.waiting.remove(one)
        self.gone.append(one)


@pytest.fixture
def keeper() -> Keeper:
    return Keeper()


def test_who_waits_too_long_expires(keeper: Keeper) -> None:
    connection = FakeConnection()
    first, second = One(connection), One(connection)
    keeper.waiting.add(first, 1.0)
    keeper.waiting.add(second, 2.0)
    keeper.clock.advance(1.0)
    assert (keeper.expired, len(keeper.waiting)) == ([first], 1)
    keeper.waiting.remove(second)
    keeper.clock.advance(5.0)
    assert keeper.expired == [first]
    assert keeper.clock.getDelayedCalls() == []


def test_a_lost_connection_takes_its_own_with_it(keeper: Keeper) -> None:
    lost, other = FakeConnection(), FakeConnection()
    ones = [One(lost), One(lost), One(other)]
    for one in ones:
        keeper.waiting.add(one, 1.0)
    lost.close("gone")
    assert set(keeper.gone) == set(ones[:2])
    assert len(keeper.waiting) == 1
    keeper.clock.advance(1.0)
    assert keeper.expired == [ones[2]]


def test_a_connection_that_waits_again_is_watched_once(keeper: Keeper) -> None:
    connection = FakeConnection()
    for _ in range(3):
        one = One(connection)
        keeper.waiting.add(one, 1.0)
        keeper.waiting.remove(one)
    last = One(connection)
    keeper.waiting.add(last, 1.0)
    connection.close("gone")
    assert keeper.gone == [last]
