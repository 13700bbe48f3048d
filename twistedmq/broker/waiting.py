"""Requests that wait: their time-outs, and the connections they came over.

What they wait for, and how they are found by that, is the business of who keeps them.
"""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from twistedmq.remoting.interfaces import IConnection
from twistedmq.remoting.timer_wheel import Timer, TimerWheel


class Waiter(Protocol):
    """One request that waits."""

    connection: IConnection
    timer: Timer | None


W = TypeVar("W", bound=Waiter)


class Waiting(Generic[W]):
    """All requests of one kind that wait."""

    def __init__(
        self,
        wheel: TimerWheel,
        expired: Callable[[W], object],
        gone: Callable[[W], object],
    ) -> None:
        """Time out with *wheel*, and then call *expired* for a request.

        *gone* is called for one whose connection is lost: nobody is to be answered.
        Both have to ``remove`` it.
        """
        self._wheel = wheel
        self._expired = expired
        self._gone = gone
        self._by_connection: dict[IConnection, set[W]] = {}
        self._count = 0

    def __len__(self) -> int:
        """Count the requests that wait."""
        return self._count

    def add(self, one: W, timeout_s: float) -> None:
        """Have *one* wait for up to *timeout_s*."""
        self._count += 1
        known = self._by_connection.get(one.connection)
        if known is None:
            known = self._by_connection[one.connection] = set()
            one.connection.on_close(self._connection_lost)
        known.add(one)
        one.timer = self._wheel.schedule(timeout_s, self._expired, one)

    def remove(self, one: W) -> None:
        """Have *one*, which waits, wait no more."""
        self._by_connection[one.connection].discard(one)
        self._count -= 1
        if one.timer is not None:
            one.timer.cancel()

    def _connection_lost(self, connection: IConnection) -> None:
        for one in list(self._by_connection.get(connection, ())):
            self._gone(one)
        self._by_connection.pop(connection, None)
