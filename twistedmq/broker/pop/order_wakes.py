"""Wakes waiting ordered pops when what their group was given is visible again.

Source: ConsumerOrderInfoLockManager.
"""

from collections.abc import Callable

from twistedmq.broker.pop.order import OrderTable
from twistedmq.broker.pop.positions import Place
from twistedmq.remoting.timer_wheel import Timer, TimerWheel


class OrderWakes:
    """One time-out a queue that is blocked.

    Args:
        wheel: runs the time-outs.
        orders: says until when a queue is blocked.
        wall_ms: the clock that this is measured with.
        wake: told of a queue that is free, by topic, group and queue id.
        is_wanted: whether anybody is to be woken.
    """

    def __init__(
        self,
        wheel: TimerWheel,
        orders: OrderTable,
        wall_ms: Callable[[], int],
        wake: Callable[[str, str, int], object],
        is_wanted: Callable[[], bool],
    ) -> None:
        self._wheel = wheel
        self._orders = orders
        self._wall_ms = wall_ms
        self._wake = wake
        self._is_wanted = is_wanted
        self._timers: dict[Place, Timer] = {}

    def __len__(self) -> int:
        """Count the queues that are watched."""
        return len(self._timers)

    def watch(self, place: Place) -> None:
        """Be told that what blocks a queue has changed."""
        timer = self._timers.pop(place, None)
        if timer is not None:
            timer.cancel()
        free_ms = self._orders.free_at_ms(place)
        if free_ms is None or not self._is_wanted():
            return
        delay_s = max(0.0, (free_ms - self._wall_ms()) / 1000)
        self._timers[place] = self._wheel.schedule(delay_s, self._free, place)

    def _free(self, place: Place) -> None:
        del self._timers[place]
        self._wake(*place)
