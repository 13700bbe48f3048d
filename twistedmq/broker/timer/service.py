"""Runs the timers: takes messages into the wheel, delivers what is due.

A broker that has no timed message runs nothing: it is woken by the first one. While
messages wait, the wall clock is looked at once a second at least, because it may jump.
"""

from collections.abc import Callable, Generator, Sequence
from typing import Any, Final

from twisted.application.service import Service
from twisted.internet.defer import Deferred, gatherResults, inlineCallbacks, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from twistedmq.broker.timer.delivering import Delivering
from twistedmq.broker.timer.keeping import Keeping
from twistedmq.broker.timer.placing import BATCH, Placing
from twistedmq.broker.timer.wheel import Wheel
from twistedmq.config.live import Live
from twistedmq.config.timer import TimerConfig
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.names import TIMER_TOPIC
from twistedmq.store.interfaces import IMessageStore
from twistedmq.store.timer.log import BrokenChainError

LOOK_S: Final = 1.0
"""How often the wall clock is looked at, at least, while something waits."""
RETRY_S: Final = 1.0
"""How soon something that failed is tried again."""
GATHER_S: Final = 0.02
"""For so long after messages were taken, what comes next is taken together, as taking a
few costs nearly as much as taking many. Nothing that is due waits for that."""


class TimerService(Service):
    """Runs the timers.

    Attributes:
        ready: fires once it is known what waits.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        clock: IReactorTime,
        store: IMessageStore,
        wheel: Wheel,
        placing: Placing,
        delivering: Delivering,
        keeping: Keeping,
        config: Live[TimerConfig],
        wall_ms: Callable[[], int],
    ) -> None:
        self._clock = clock
        self._store = store
        self._wheel = wheel
        self._placing = placing
        self._delivering = delivering
        self._keeping = keeping
        self._config = config
        self._wall_ms = wall_ms
        self._call: IDelayedCall | None = None
        self._busy: dict[str, Deferred[None]] = {}
        self._trouble: dict[str, str] = {}
        self._placed_s = -GATHER_S
        self._allowed_ms = 0
        self._asked: tuple[int, int] | None = None
        self._is_used = False
        self.ready: Deferred[None] = Deferred()

    def startService(self) -> None:
        """Read what waits, and go on with it."""
        super().startService()
        if not self._config.value.enabled:
            self.ready.callback(None)
            return
        self._keeping.load().chainDeferred(self.ready)
        self.ready.addCallback(self._loaded)

    def _loaded(self, _: None) -> None:
        self._config.subscribe(lambda _: self._look_in(0))
        if len(self._wheel) or self._placing.behind:
            self.awake()
        self._look_in(0)

    def awake(self) -> None:
        """Be told that there are timed messages, or soon will be."""
        if not self._is_used:
            self._is_used = True
            self._store.add_arrival_listener(self._arrived)

    def _arrived(self, arrivals: Sequence[tuple[str, int, int, int, int]]) -> None:
        for arrival in arrivals:
            if arrival[0] == TIMER_TOPIC:
                self._look_in(self._gathering_s)
                return

    def stopService(self) -> Deferred[None]:
        """Finish the slot that is being delivered, and write everything down."""
        super().stopService()
        self._delivering.stop()
        if self._call is not None:
            self._call.cancel()
            self._call = None
        return self._finish()

    @inlineCallbacks
    def _finish(self) -> Generator[Deferred[Any], Any, None]:
        yield gatherResults([*self._busy.values()])
        if self._is_used:
            yield self._keeping.flush_now()

    def _look_in(self, delay_s: float) -> None:
        """Look in so many seconds, if not before."""
        if not self.running or not self._is_used:
            return
        if self._call is not None:
            if self._call.getTime() <= self._clock.seconds() + delay_s:
                return
            self._call.cancel()
        self._call = self._clock.callLater(delay_s, self._look)

    def _look(self) -> None:
        """Begin what there is to do."""
        self._call = None
        if self._may_place():
            if self._may_gather():
                self._look_in(self._gathering_s)
            else:
                self._run("placing", self._place)
        if self._may_deliver():
            self._run("delivering", self._deliver)
        due_ms = self._wheel.next_time()
        if due_ms is not None:
            over_ms = due_ms + self._wheel.grain_ms - self._wall_ms()
            self._look_in(min(LOOK_S, max(over_ms / 1000, 0.001)))
        elif self._placing.behind:
            self._look_in(LOOK_S)

    @property
    def _wheel_ms(self) -> int:
        """The time before which slots are over."""
        return self._wheel.floor(self._wall_ms())

    def _may_place(self) -> bool:
        return (
            self.running == 1
            and not self._config.value.intake_stopped
            and self._placing.behind > 0
        )

    @property
    def _gathering_s(self) -> float:
        """For how long more messages may come before they are taken."""
        left_s = self._placed_s + GATHER_S - self._clock.seconds()
        return left_s if 0 < left_s <= GATHER_S else 0  # clocks may jump

    def _may_gather(self) -> bool:
        """Whether messages may wait: they are few, and no slot waits for them."""
        due_ms = self._wheel.next_time()
        return (
            self._placing.behind < BATCH
            and (due_ms is None or due_ms >= self._wheel_ms)
            and self._gathering_s > 0
        )

    def _may_deliver(self) -> bool:
        due_ms = self._wheel.next_time()
        return (
            self.running == 1
            and not self._config.value.delivery_stopped
            and due_ms is not None
            and due_ms < self._deliver_before_ms()
        )

    def _deliver_before_ms(self) -> int:
        """Give the time before which slots may be delivered.

        They are over, and everything is placed that was stored before they were: what
        calls a message back must not come too late. Where placing does not get on,
        nobody waits for it.
        """
        wheel_ms, placing = self._wheel_ms, self._placing
        if self._config.value.intake_stopped or self._trouble.get("placing"):
            return wheel_ms
        if self._asked is None and wheel_ms > self._allowed_ms:
            self._asked = wheel_ms, placing.queue_offset + placing.behind
        if self._asked is not None and placing.queue_offset >= self._asked[1]:
            self._allowed_ms, self._asked = self._asked[0], None
        return min(self._allowed_ms, wheel_ms)

    def _run(self, what: str, work: Callable[[], Deferred[None]]) -> None:
        """Have *work* done unless it is being done or has just failed."""
        if what in self._busy:
            return
        done = self._busy[what] = Deferred[None]()

        def ended(_: object) -> None:
            del self._busy[what]
            self._keeping.flush_soon()
            self._look_in(0)
            done.callback(None)

        working = work()
        working.addCallback(lambda _: self._tell(what, ""))
        working.addErrback(self._failed, what)
        working.addCallback(ended)

    @inlineCallbacks
    def _place(self) -> Generator[Deferred[Any], Any, None]:
        placing = self._placing
        end = placing.queue_offset + placing.behind
        while self._may_place() and placing.queue_offset < end:
            yield placing.take(self._keeping.timer_log, self._wheel_ms)
            self._placed_s = self._clock.seconds()
            if placing.queue_offset < end:
                yield deferLater(self._clock, 0)

    @inlineCallbacks
    def _deliver(self) -> Generator[Deferred[Any], Any, None]:
        is_anew = False
        while self._may_deliver():
            due_ms = self._wheel.next_time()
            assert due_ms is not None
            try:
                yield self._delivering.deliver(self._keeping.timer_log, due_ms)
            except BrokenChainError as error:
                if is_anew:
                    raise
                is_anew = True
                self._log.error("timers: {problem}", problem=str(error))
                yield self._make_anew()

    @inlineCallbacks
    def _make_anew(self) -> Generator[Deferred[Any], Any, None]:
        """Make the wheel of log and queue, because a part of it is lost."""
        if "placing" in self._busy:
            yield self._busy["placing"]
        yield self._keeping.flush_now()
        yield self._keeping.load(anew=True)
        self._allowed_ms, self._asked = 0, None

    def _failed(self, failure: Any, what: str) -> Deferred[None]:
        """Log what went wrong, once, and wait before it is tried again."""
        if failure.check(TwistedMQError, OSError):
            self._tell(what, str(failure.value))
        else:
            self._log.failure("timers: {what} failed", failure, what=what)
        if not self.running:
            return succeed(None)
        return deferLater(self._clock, RETRY_S)

    def _tell(self, what: str, trouble: str) -> None:
        if trouble and self._trouble.get(what) != trouble:
            self._log.error(
                "timers: {what} has to wait: {trouble}", what=what, trouble=trouble
            )
        self._trouble[what] = trouble
