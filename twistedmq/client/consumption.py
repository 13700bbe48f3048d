"""What becomes of messages: done, given back, tried again, or buried."""

from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace
from twisted.internet.defer import (
    CancelledError,
    Deferred,
    TimeoutError,
    gatherResults,
    maybeDeferred,
    succeed,
)
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.client.consumer_rules import (
    LONGEST_REST_S,
    SHORTEST_REST_S,
    ConsumerRules,
)
from twistedmq.client.consuming import (
    LotHandler,
    RetryLater,
    Work,
    Workers,
    WorkRules,
)
from twistedmq.client.deferreds import gives_deferred, unwrapped
from twistedmq.client.errors import ClientError
from twistedmq.client.inbox import Inbox
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.ordered_inbox import OrderedInbox
from twistedmq.client.owned import OwnedQueues
from twistedmq.client.rates import Counts
from twistedmq.client.reactor import Clock
from twistedmq.client.retrying import FIRST_RETRY_LEVEL, Retries
from twistedmq.remoting.periodic import PeriodicCall

TO_DEAD_LETTERS = -1
WATCH_S = 60.0

_log = Logger()


class NoHandlerError(ClientError):
    """A message should be consumed directly, but this consumer has no function."""


class ConsumptionParts(Struct, frozen=True):
    """What consuming needs of its surroundings."""

    rules: ConsumerRules
    inbox: Inbox
    owned: OwnedQueues
    retries: Retries
    clock: Clock
    counts: Counts


class Consumption:
    """Has a function consume messages, and sees to those that it does not."""

    def __init__(self, parts: ConsumptionParts) -> None:
        self._parts = parts
        self._workers: Workers | None = None
        self._watch = PeriodicCall(self._give_back_what_takes_too_long, parts.clock)
        self._handler: LotHandler | None = None

    @property
    def in_work(self) -> list[Work]:
        """The calls of the function that are not over."""
        return self._workers.in_work if self._workers is not None else []

    @property
    def has_handler(self) -> bool:
        """Whether it was said which function it will be."""
        return self._handler is not None

    def prepare(self, handler: LotHandler) -> None:
        """Say which function it will be."""
        self._handler = handler

    def begin(self, lot_size: int) -> None:
        """Begin to call the function."""
        parts = self._parts
        assert self._handler is not None
        self._workers = Workers(
            parts.inbox,
            self._handler,
            WorkRules(parts.rules.concurrency, lot_size),
            self.done,
            self._failed,
            parts.clock,
            parts.counts,
        )
        self._workers.start()
        timeout_s = parts.rules.consume_timeout_s
        if (
            timeout_s is not None
            and parts.rules.is_clustering
            and not parts.rules.orderly
        ):
            self._watch.start(min(timeout_s, WATCH_S), now=False)

    @gives_deferred
    async def stop(self, patience_s: float) -> None:
        """Begin no more; fires when nothing is in work, or patience is at its end."""
        if self._watch.running:
            self._watch.stop()
        if self._workers is not None:
            await self._finish(self._workers, patience_s)
        self._parts.retries.stop()

    async def _finish(self, workers: Workers, patience_s: float) -> None:
        try:
            await workers.stop().addTimeout(patience_s, self._parts.clock)
        except TimeoutError:
            _log.warn(
                "{group}: messages in work after {timeout_s:g} s; they come again",
                group=self._parts.rules.group,
                timeout_s=patience_s,
            )

    def done(self, lot: Sequence[ReceivedMessage]) -> None:
        """Ack messages that were consumed, and go on with their queue."""
        self._parts.counts[lot[0].queue.topic].consumed += len(lot)
        for message in lot:
            self._parts.owned.ack(message)
        self._parts.inbox.release(lot[0])

    def retry_later(
        self, message: ReceivedMessage, asked: RetryLater
    ) -> Deferred[bool]:
        """Have one message come again; fires with False if it is not ours any more."""
        if not self._parts.owned.holds(message):
            self._parts.inbox.release(message)
            return succeed(False)
        self._parts.counts[message.queue.topic].failed += 1
        if isinstance(self._parts.inbox, OrderedInbox):
            return self._again(self._parts.inbox, [message], asked)
        return self._give_back([message], asked.delay_level)

    def directly(self, message: ReceivedMessage) -> Deferred[object]:
        """Have the function consume one message that is in no queue of ours."""
        if self._handler is None:
            raise NoHandlerError("this consumer has no function for messages")
        result: Deferred[object] = maybeDeferred(self._handler, [message])
        return result

    def _failed(self, lot: list[ReceivedMessage], failure: Failure) -> Deferred[bool]:
        """See to messages whose function failed."""
        parts = self._parts
        error = failure.value
        asked = error if isinstance(error, RetryLater) else RetryLater()
        counts = parts.counts[lot[0].queue.topic]
        if asked.messages is None:
            counts.failed += len(lot)
        else:
            again = {id(message) for message in asked.messages}
            counts.failed += len(again)
            counts.consumed += len(lot) - len(again)
            for message in lot:
                if id(message) not in again:
                    parts.owned.ack(message)
        # who has the queue now gets the others; one that took too long was given back
        left = [message for message in lot if parts.owned.holds(message)]
        if not left:
            parts.inbox.release(lot[0])
            return succeed(False)
        if isinstance(parts.inbox, OrderedInbox):
            explain(left, failure, "the queue rests, then it comes again")
            return self._again(parts.inbox, left, asked)
        if not parts.rules.is_clustering:
            explain(left, failure, "and it will not come again (broadcasting)")
            for message in left:
                parts.owned.ack(message)
            parts.inbox.release(left[0])
            return succeed(True)
        explain(left, failure, "it will come again")
        return self._give_back(left, asked.delay_level)

    @gives_deferred
    async def _give_back_what_takes_too_long(self) -> None:
        """Let the others behind a stuck message be committed."""
        parts = self._parts
        timeout_s = parts.rules.consume_timeout_s
        assert timeout_s is not None
        late_s = parts.clock.seconds() - timeout_s
        for work in self.in_work:
            if work.begun_s > late_s:
                break
            left = [message for message in work.lot if parts.owned.holds(message)]
            if left:
                _log.warn(
                    "{message} and {more} more take over {timeout_s:g} s; they come "
                    "again",
                    message=repr(left[0]),
                    more=len(left) - 1,
                    timeout_s=timeout_s,
                )
                await self._give_back(left, FIRST_RETRY_LEVEL)

    def _give_back(self, lot: list[ReceivedMessage], level: int) -> Deferred[bool]:
        retries = self._parts.retries
        given_back = [
            Deferred.fromCoroutine(retries.give_back(message, level)) for message in lot
        ]
        everything = unwrapped(gatherResults(given_back, consumeErrors=True))

        def ack(_: object) -> bool:
            return all([self._parts.owned.ack(message) for message in lot])

        def closed(failure: Failure) -> bool:
            failure.trap(CancelledError)
            return False

        return everything.addCallbacks(ack, closed)

    @gives_deferred
    async def _again(
        self, inbox: OrderedInbox, lot: list[ReceivedMessage], asked: RetryLater
    ) -> bool:
        """Have messages tried again in order, but for those that failed too often."""
        rules = self._parts.rules
        to_try: list[ReceivedMessage] = []
        for message in lot:
            is_enough = message.reconsume_times >= rules.most_failures
            if not (is_enough or asked.delay_level == TO_DEAD_LETTERS):
                more = message.reconsume_times + 1
                again = replace(message, reconsume_times=more)
                self._parts.owned.exchange(message, again)
                to_try.append(again)
            elif await self._bury(message):
                self._parts.owned.ack(message)
            else:
                to_try.append(message)
        if to_try and self._parts.owned.holds(to_try[0]):
            rest_s = rules.suspend_s if asked.suspend_s is None else asked.suspend_s
            inbox.again(to_try, min(max(rest_s, SHORTEST_REST_S), LONGEST_REST_S))
        else:
            inbox.release(lot[0])
        return True

    async def _bury(self, message: ReceivedMessage) -> bool:
        """Give whether a message is out of the way."""
        if not self._parts.rules.is_clustering:
            _log.warn("{message} is given up (broadcasting)", message=repr(message))
            return True
        try:
            await self._parts.retries.bury(message)
        except Exception as error:
            _log.warn(
                "{message} could not be sent to the dead letters: {error}",
                message=repr(message),
                error=str(error),
            )
            return False
        return True


def one_by_one(handler: Callable[[ReceivedMessage], object]) -> LotHandler:
    """Give *handler*, which takes one message, as one that takes lots of one."""
    return lambda lot: handler(lot[0])


def explain(lot: Sequence[ReceivedMessage], failure: Failure, what_next: str) -> None:
    """Log that a handler failed."""
    if failure.check(RetryLater):
        return
    _log.warn(
        "consuming {message}{more} failed ({times} times before), {what_next}: {trace}",
        message=repr(lot[0]),
        more=f" and {len(lot) - 1} more" if len(lot) > 1 else "",
        times=lot[0].reconsume_times,
        what_next=what_next,
        trace=failure.getTraceback(),
    )
