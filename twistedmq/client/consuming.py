"""Calling a user's function for messages, many at a time."""

from collections.abc import Callable, Coroutine, Sequence
from inspect import iscoroutine
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.client.inbox import Inbox
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.rates import Counts, TopicCounts
from twistedmq.client.reactor import Clock

Outcome = Deferred[Any] | Coroutine[Deferred[Any], Any, Any] | object

MessageHandler = Callable[[ReceivedMessage], Outcome]
"""Consumes one message; raising, or failing later, has it delivered again later."""

LotHandler = Callable[[list[ReceivedMessage]], Outcome]
"""Consumes messages of one queue, in its order; see ``Consumer.run_batches``."""

AT_A_TIME = 64
"""Lots begun in one turn, so that quick handlers do not hold the reactor."""

_log = Logger()


class RetryLater(Exception):  # noqa: N818 - it is a request, not an error
    """Raise it in a handler to say when the message should come again.

    Args:
        delay_level: 1 and up: the broker's table of delays; 0: the broker decides,
            longer each time; -1: no more, to the dead letters at once. Consuming in
            order, only -1 means something.
        suspend_s: consuming in order: how long the queue rests, 0.01 to 30 s; None: as
            the consumer was told.
        messages: those of a batch that should come again, the others are done; None:
            all.
    """

    def __init__(
        self,
        delay_level: int = 0,
        *,
        suspend_s: float | None = None,
        messages: Sequence[ReceivedMessage] | None = None,
    ) -> None:
        super().__init__(f"retry later, delay level {delay_level}")
        self.delay_level = delay_level
        self.suspend_s = suspend_s
        self.messages = messages


class Work:
    """One call of the function.

    Attributes:
        lot: what it was called with.
        begun_s: when, on the reactor's clock.
        waits_for: the coroutine or the Deferred that it gave.
    """

    __slots__ = ("begun_s", "lot", "waits_for")

    def __init__(
        self, lot: list[ReceivedMessage], begun_s: float, waits_for: Outcome
    ) -> None:
        self.lot = lot
        self.begun_s = begun_s
        self.waits_for = waits_for


class WorkRules:
    """How many messages are taken, and how.

    Attributes:
        concurrency: how many calls may be in work at a time.
        lot_size: how many messages a call gets at most.
    """

    __slots__ = ("concurrency", "lot_size")

    def __init__(self, concurrency: int, lot_size: int = 1) -> None:
        self.concurrency = concurrency
        self.lot_size = lot_size


class Workers:
    """Takes messages out of the inbox and has a number of them in work.

    Args:
        inbox: where messages come from.
        handler: the user's function.
        rules: see there.
        done: called with messages that were consumed.
        failed: called with messages that were not, and why; they count as in work
            until it fires.
        clock: for giving the reactor a turn.
        counts: where is noted how often the function was called, and how long it took.
    """

    def __init__(
        self,
        inbox: Inbox,
        handler: LotHandler,
        rules: WorkRules,
        done: Callable[[list[ReceivedMessage]], object],
        failed: Callable[[list[ReceivedMessage], Failure], Deferred[Any]],
        clock: Clock,
        counts: Counts | None = None,
    ) -> None:
        self._inbox = inbox
        self._handler = handler
        self._rules = rules
        self._done = done
        self._failed = failed
        self._clock = clock
        self._counts = Counts() if counts is None else counts
        self._calling = 0
        self._in_work: dict[int, Work] = {}
        self._stopped = False
        self._turn_asked = False
        self._idle: list[Deferred[None]] = []

    @property
    def in_work(self) -> list[Work]:
        """What is in work now, the oldest first."""
        return list(self._in_work.values())

    def start(self) -> None:
        """Begin to take messages."""
        self._inbox.on_arrival = self._turn
        self._turn()

    def stop(self) -> Deferred[None]:
        """Take no more; fires when what is in work is finished."""
        self._stopped = True
        self._inbox.on_arrival = None
        idle: Deferred[None] = Deferred()
        if self._in_work or self._calling:
            self._idle.append(idle)
        else:
            idle.callback(None)
        return idle

    def _turn(self) -> None:
        """Begin as many messages as may be, but not too many in one go.

        How long functions took is found for all of a topic together: a look at the
        clock for each would cost more than many a function does.
        """
        self._turn_asked = False
        timed: TopicCounts | None = None
        since_s = 0.0
        for _ in range(AT_A_TIME):
            if self._stopped or len(self._in_work) >= self._rules.concurrency:
                break
            lot = self._inbox.take_lot(self._rules.lot_size)
            if not lot:
                break
            counts = self._counts[lot[0].queue.topic]
            if counts is not timed:
                since_s = self._charge(timed, since_s)
                timed = counts
            counts.calls += 1
            self._begin(lot)
        else:
            self._ask_for_turn()
        if timed is not None:
            self._charge(timed, since_s)

    def _charge(self, counts: TopicCounts | None, since_s: float) -> float:
        """Note that functions took until now; gives the time."""
        now_s = self._clock.seconds()
        if counts is not None:
            counts.consume_s += now_s - since_s
        return now_s

    def _ask_for_turn(self) -> None:
        if not self._turn_asked:
            self._turn_asked = True
            self._clock.callLater(0, self._turn)

    def _begin(self, lot: list[ReceivedMessage]) -> None:
        self._calling += 1
        try:
            result = self._handler(lot)
        except Exception:
            work = self._put_in_work(lot, None)
            self._give_up(Failure(), work)
            return
        if iscoroutine(result):
            running: Deferred[Any] = Deferred.fromCoroutine(result)
        elif isinstance(result, Deferred):
            running = result
        else:
            self._done(lot)
            self._calling -= 1
            self._look_around()
            return
        work = self._put_in_work(lot, result)
        running.addCallbacks(
            self._consumed,
            self._give_up,
            callbackArgs=(work,),
            errbackArgs=(work,),
        )

    def _put_in_work(self, lot: list[ReceivedMessage], waits_for: Outcome) -> Work:
        """Note a call that is not over when it returns; most are, and cost less."""
        self._calling -= 1
        work = Work(lot, self._clock.seconds(), waits_for)
        self._in_work[id(work)] = work
        return work

    def _consumed(self, _result: object, work: Work) -> None:
        self._charge(self._counts[work.lot[0].queue.topic], work.begun_s)
        self._done(work.lot)
        self._over(None, work)

    def _give_up(self, failure: Failure, work: Work) -> None:
        self._charge(self._counts[work.lot[0].queue.topic], work.begun_s)
        maybeDeferred(self._failed, work.lot, failure).addBoth(self._over, work)

    def _over(self, outcome: object, work: Work) -> None:
        """One call is over."""
        if isinstance(outcome, Failure):
            _log.failure("messages could not be given back", outcome)
        del self._in_work[id(work)]
        self._look_around()

    def _look_around(self) -> None:
        """Go on, or tell those who wait that nothing is in work."""
        if self._stopped:
            while self._idle and not self._in_work and not self._calling:
                self._idle.pop().callback(None)
        elif self._inbox.has_ready:
            self._ask_for_turn()
