"""Calling a user's function for each message, many at a time."""

from collections.abc import Callable, Coroutine
from inspect import iscoroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.client.inbox import Inbox
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.reactor import Clock

MessageHandler = Callable[
    [ReceivedMessage], Deferred[Any] | Coroutine[Deferred[Any], Any, Any] | object
]
"""Consumes one message; raising, or failing later, has it delivered again later."""

AT_A_TIME = 64
"""Messages begun in one turn, so that quick handlers do not hold the reactor."""

_log = Logger()


class RetryLater(Exception):  # noqa: N818 - it is a request, not an error
    """Raise it in a handler to say when the message should come again.

    Args:
        delay_level: 1 and up: the broker's table of delays; 0: the broker decides,
            longer each time; -1: no more, to the dead letters at once.
    """

    def __init__(self, delay_level: int = 0) -> None:
        super().__init__(f"retry later, delay level {delay_level}")
        self.delay_level = delay_level


class Workers:
    """Takes messages out of the inbox and has up to *concurrency* in work.

    Args:
        inbox: where messages come from.
        handler: the user's function.
        concurrency: how many messages may be in work at a time.
        done: called with a message that was consumed.
        failed: called with a message that was not, and why; the message counts as in
            work until it fires.
        clock: for giving the reactor a turn.
    """

    def __init__(
        self,
        inbox: Inbox,
        handler: MessageHandler,
        concurrency: int,
        done: Callable[[ReceivedMessage], object],
        failed: Callable[[ReceivedMessage, Failure], Deferred[Any]],
        clock: Clock,
    ) -> None:
        self._inbox = inbox
        self._handler = handler
        self._concurrency = concurrency
        self._done = done
        self._failed = failed
        self._clock = clock
        self._busy = 0
        self._stopped = False
        self._turn_asked = False
        self._idle: list[Deferred[None]] = []

    def start(self) -> None:
        """Begin to take messages."""
        self._inbox.on_arrival = self._turn
        self._turn()

    def stop(self) -> Deferred[None]:
        """Take no more; fires when what is in work is finished."""
        self._stopped = True
        self._inbox.on_arrival = None
        idle: Deferred[None] = Deferred()
        if self._busy:
            self._idle.append(idle)
        else:
            idle.callback(None)
        return idle

    def _turn(self) -> None:
        """Begin as many messages as may be, but not too many in one go."""
        self._turn_asked = False
        for _ in range(AT_A_TIME):
            if self._stopped or self._busy >= self._concurrency:
                return
            message = self._inbox.take()
            if message is None:
                return
            self._begin(message)
        self._ask_for_turn()

    def _ask_for_turn(self) -> None:
        if not self._turn_asked:
            self._turn_asked = True
            self._clock.callLater(0, self._turn)

    def _begin(self, message: ReceivedMessage) -> None:
        self._busy += 1
        try:
            result = self._handler(message)
        except Exception:
            self._give_up(Failure(), message)
            return
        if iscoroutine(result):
            result = Deferred.fromCoroutine(result)
        if isinstance(result, Deferred):
            result.addCallbacks(
                self._consumed,
                self._give_up,
                callbackArgs=(message,),
                errbackArgs=(message,),
            )
        else:
            self._consumed(result, message)

    def _consumed(self, _result: object, message: ReceivedMessage) -> None:
        self._done(message)
        self._over()

    def _give_up(self, failure: Failure, message: ReceivedMessage) -> None:
        self._failed(message, failure).addBoth(self._over)

    def _over(self, outcome: object = None) -> None:
        """One message is out of work."""
        if isinstance(outcome, Failure):
            _log.failure("a message could not be given back", outcome)
        self._busy -= 1
        if self._stopped:
            while self._idle and not self._busy:
                self._idle.pop().callback(None)
        elif len(self._inbox):
            self._ask_for_turn()


def explain(message: ReceivedMessage, failure: Failure, what_next: str) -> None:
    """Log that a handler failed."""
    if failure.check(RetryLater):
        return
    _log.warn(
        "consuming {message!r} failed ({times} times before), {what_next}: {trace}",
        message=message,
        times=message.reconsume_times,
        what_next=what_next,
        trace=failure.getTraceback(),
    )
