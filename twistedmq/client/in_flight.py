"""How much a producer has on its way: bounded, and waited for by ``close``."""

from collections import deque
from typing import TypeVar

from msgspec import Struct
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from twistedmq.client.arguments import check_range
from twistedmq.client.errors import ProducerFullError
from twistedmq.client.reactor import Clock

T = TypeVar("T")

MIB = 1024 * 1024


class InFlightLimits(Struct, frozen=True):
    """How much may be on its way at a time, and what becomes of what is too much.

    Raises:
        ArgumentError: a limit is less than 1.
    """

    max_messages: int = 10_000
    max_bytes: int = 100 * MIB
    """Of bodies, as they are sent. A larger one goes when nothing else is there."""
    wait: bool = True
    """Whether a send waits for room, which counts as its time; False: it fails."""

    def __post_init__(self) -> None:
        """Check the limits."""
        check_range("max_messages", self.max_messages, 1)
        check_range("max_bytes", self.max_bytes, 1)


class _Waiting:
    """A send that waits for room."""

    def __init__(self, messages: int, size: int) -> None:
        self.messages = messages
        self.size = size
        self.room: Deferred[None] = Deferred(lambda _: self.give_up(CancelledError()))
        self.timer: IDelayedCall | None = None
        self.over = False

    def give_up(self, error: Exception) -> None:
        """Fail; its place is passed over later."""
        self._decide()
        self.room.errback(Failure(error))

    def go(self) -> None:
        """There is room."""
        self._decide()
        self.room.callback(None)

    def _decide(self) -> None:
        self.over = True
        if self.timer is not None and self.timer.active():
            self.timer.cancel()


class InFlight:
    """Counts what is on its way.

    Args:
        limits: what is too much.
        clock: for how long sends wait.

    Attributes:
        messages, bytes: what is on its way now.
    """

    def __init__(self, limits: InFlightLimits, clock: Clock) -> None:
        self.messages = 0
        self.bytes = 0
        self.limits = limits
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()
        self._tracked = 0
        self._idle: list[Deferred[None]] = []

    def enter(
        self, messages: int, size: int, timeout_s: float
    ) -> Deferred[None] | None:
        """Make room for *messages* with *size* bytes; None where there is some.

        First come, first served. Fails with ProducerFullError.
        """
        limits = self.limits
        count, total = self.messages + messages, self.bytes + size
        fits = count <= limits.max_messages and total <= limits.max_bytes
        if (fits or not self.messages) and not self._waiting:
            self.messages = count
            self.bytes = total
            return None
        if not self.limits.wait:
            return fail(self._full(messages, size, 0.0))
        waiting = _Waiting(messages, size)
        error = self._full(messages, size, timeout_s)
        waiting.timer = self._clock.callLater(timeout_s, waiting.give_up, error)
        self._waiting.append(waiting)
        return waiting.room

    def leave(self, messages: int, size: int) -> None:
        """Give the room free, to those who wait."""
        self.messages -= messages
        self.bytes -= size
        if self._waiting:
            self._let_in()
        if self._idle:
            self._look_around()

    def _let_in(self) -> None:
        waiting = self._waiting
        while waiting:
            first = waiting[0]
            if not first.over:
                if not self._fits(first.messages, first.size):
                    return
                self.messages += first.messages
                self.bytes += first.size
            waiting.popleft()
            if not first.over:
                first.go()

    def track(self, work: Deferred[T]) -> Deferred[T]:
        """Have ``idle`` wait for *work*."""
        if not work.called or work.paused:  # paused: it waits for another one
            self._tracked += 1
            work.addBoth(self._done)
        return work

    def carry(self, work: Deferred[T], messages: int, size: int) -> Deferred[T]:
        """Have *work* leave when it is done."""
        return work.addBoth(self._landed, messages, size)

    def idle(self) -> Deferred[None]:
        """Fire when nothing is on its way: all has left, all work is done."""
        if not self._tracked and not self.messages:
            return succeed(None)
        idle: Deferred[None] = Deferred()
        self._idle.append(idle)
        return idle

    def _landed(self, result: T, messages: int, size: int) -> T:
        self.leave(messages, size)
        return result

    def _done(self, result: T) -> T:
        self._tracked -= 1
        if self._idle:
            self._look_around()
        return result

    def _look_around(self) -> None:
        """Tell those who wait that nothing is on its way, if it is so."""
        if not self._tracked and not self.messages:
            idle, self._idle = self._idle, []
            for each in idle:
                each.callback(None)

    def _fits(self, messages: int, size: int) -> bool:
        if not self.messages:
            return True
        limits = self.limits
        return (
            self.messages + messages <= limits.max_messages
            and self.bytes + size <= limits.max_bytes
        )

    def _full(self, messages: int, size: int, waited_s: float) -> ProducerFullError:
        limits = self.limits
        if self.messages + messages > limits.max_messages:
            return ProducerFullError(
                "max_messages", self.messages + messages, limits.max_messages, waited_s
            )
        return ProducerFullError(
            "max_bytes", self.bytes + size, limits.max_bytes, waited_s
        )
