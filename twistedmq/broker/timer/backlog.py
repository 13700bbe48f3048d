"""How far the timers of a broker are behind, in numbers. Source: TimerMessageStore."""

from collections.abc import Callable

from twistedmq.broker.timer.delivering import Delivering
from twistedmq.broker.timer.metrics import TimerMetrics
from twistedmq.broker.timer.placing import Placing
from twistedmq.broker.timer.wheel import Wheel


class TimerBacklog:
    """Figures of the timers, for tools and metrics.

    Attributes:
        metrics: how many messages wait, by topic.
    """

    def __init__(
        self,
        *,
        wheel: Wheel,
        placing: Placing,
        delivering: Delivering,
        metrics: TimerMetrics,
        wall_ms: Callable[[], int],
    ) -> None:
        self._wheel = wheel
        self._placing = placing
        self._delivering = delivering
        self._wall_ms = wall_ms
        self.metrics = metrics

    @property
    def waiting(self) -> int:
        """How many messages wait in the wheel."""
        return self._wheel.waiting

    @property
    def read_ms(self) -> int:
        """The time before which everything is delivered."""
        now_ms, due_ms = self._wheel.floor(self._wall_ms()), self._wheel.next_time()
        return now_ms if due_ms is None else min(now_ms, due_ms)

    @property
    def deliver_behind_ms(self) -> int:
        """How long what is due has been waiting; 0 if nothing is due."""
        now_ms, due_ms = self._wall_ms(), self._wheel.next_time()
        if due_ms is None:
            return 0
        return max(0, now_ms - due_ms - self._wheel.grain_ms)

    @property
    def place_behind_messages(self) -> int:
        """How many messages of the timer topic are not in the wheel yet."""
        return self._placing.behind

    @property
    def place_behind_ms(self) -> int:
        """How old the message is that was put into the wheel last, if more follow."""
        if not self._placing.behind or not self._placing.last_store_ms:
            return 0
        return max(0, self._wall_ms() - self._placing.last_store_ms)

    @property
    def placed(self) -> int:
        """How many messages went into the wheel since the start."""
        return self._placing.placed.total

    @property
    def delivered(self) -> int:
        """How many messages left the wheel since the start."""
        return self._delivering.delivered.total

    @property
    def placed_per_second(self) -> float:
        """How many messages go into the wheel, over a minute."""
        return self._placing.placed.per_second()

    @property
    def delivered_per_second(self) -> float:
        """How many messages leave the wheel, over a minute."""
        return self._delivering.delivered.per_second()

    def waiting_until(self, seconds: list[int]) -> list[int]:
        """Give how many are due within so many seconds, and not within the one before.

        Looks at every time at which something is due: for tools.
        """
        now_ms = self._wheel.floor(self._wall_ms())
        return self._wheel.counts_until(now_ms + 1000 * s for s in seconds)

    def runtime_figures(self) -> dict[str, object]:
        """Give what GET_BROKER_RUNTIME_INFO says about timers."""
        return {
            "timerReadBehind": self.deliver_behind_ms // 1000,
            "timerOffsetBehind": self.place_behind_messages,
            "timerCongestNum": self.waiting,
            "timerEnqueueTps": self.placed_per_second,
            "timerDequeueTps": self.delivered_per_second,
        }
