"""Whether the broker is so busy that requests wait. Source: BrokerFastFailure.

Everything is served by one thread, a turn after the other: who arrives during a turn
waits for its end. So while turns are long, requests wait, about as long as a call of
the reactor comes too late. That is measured, while there are sends, and only then.
"""

from collections.abc import Callable, Iterator
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from twistedmq.broker.statistics.throughput import Throughput
from twistedmq.config.flow import FlowConfig
from twistedmq.config.live import Live
from twistedmq.metrics.samples import Sample, counter, gauge

TICK_S: Final = 0.05

WAIT: Final = gauge(
    "twistedmq_queue_wait_milliseconds", "How long requests wait before they are served"
)
REFUSED: Final = counter(
    "twistedmq_busy_refused_total",
    "Requests that were refused since the broker was too busy",
    "stage",
)
TIMEOUT: Final = "TIMEOUT_CLEAN_QUEUE"
SLOW_DISK: Final = "PCBUSY_CLEAN_QUEUE"


class Busyness:
    """Measures how late the reactor is, while somebody asks.

    One late turn is no overload: the machine may have been busy with something else.
    Only if the next turn is late, too, requests count as waiting.

    Attributes:
        wait_ms: how long requests wait; 0 unless the broker is overloaded.
        slow_ms: how long a write has just taken; 0 unless that is too long.
    """

    def __init__(
        self,
        clock: IReactorTime,
        seconds: Callable[[], float],
        throughput: Throughput,
        config: Live[FlowConfig],
    ) -> None:
        """Call back by *clock*; *throughput* knows the slowest write."""
        self.wait_ms = 0
        self.slow_ms = 0
        self._clock = clock
        self._seconds = seconds
        self._throughput = throughput
        self._config = config
        self._call: IDelayedCall | None = None
        self._due_s = 0.0
        self._asked = False
        self._late_before_ms = 0
        self._refused = {TIMEOUT: 0, SLOW_DISK: 0}

    def asked(self) -> None:
        """Be told that there is traffic, which is when measuring is worth while."""
        self._asked = True
        if self._call is None:
            self._wait()

    def stop(self) -> None:
        """Measure no more."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def refused(self, stage: str, number: int) -> None:
        """Count requests that were refused."""
        self._refused[stage] += number

    def samples(self) -> Iterator[Sample]:
        """Give the wait, and what was refused."""
        yield WAIT.of(self.wait_ms)
        for stage, number in self._refused.items():
            yield REFUSED.of(number, stage)

    def _wait(self) -> None:
        self._due_s = self._seconds() + TICK_S
        self._call = self._clock.callLater(TICK_S, self._tick)

    def _tick(self) -> None:
        self._call = None
        late_ms = int(max(0.0, self._seconds() - self._due_s) * 1000)
        self.wait_ms = min(late_ms, self._late_before_ms)
        self._late_before_ms = late_ms
        slowest_ms = self._throughput.take_slowest_ms()
        is_slow = slowest_ms >= self._config.value.slow_write_ms > 0
        self.slow_ms = slowest_ms if is_slow else 0
        if self._asked or late_ms or self.slow_ms:
            self._asked = False
            self._wait()
