"""POP_MESSAGE: lend messages of a topic to a member of a group for a while.

The way of a pop: checks, the reader takes messages, lending writes down what was taken
and answers; with nothing taken, the pop is held, and begins anew when something came.
Source: PopMessageProcessor.
"""

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from twistedmq.broker.clients.asked import AskedSubscriptions
from twistedmq.broker.pop.checks import PopChecks
from twistedmq.broker.pop.errors import PollingTimeoutError
from twistedmq.broker.pop.held import HeldPop, HeldPops
from twistedmq.broker.pop.lending import Lending, answer_fields
from twistedmq.broker.pop.priorities import Priorities
from twistedmq.broker.pop.reader import Asked, Popped, PopReader
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import InvalidParameterError
from twistedmq.protocol.headers import PopMessageRequestHeader
from twistedmq.protocol.numbers import INT64_MAX
from twistedmq.protocol.pop_handles import ORDER_REVIVE_QUEUE
from twistedmq.remoting.interfaces import HandlerTable, IConnection, Request
from twistedmq.store.interfaces import ReadStatus

LATE_MS: Final = 500
"""A pop that is so much older than it wanted to wait is not served."""
EARLY_MS: Final = 50
"""A pop is answered so long before its client gives up."""


class _Pop:
    """One pop, from its request to its answer."""

    __slots__ = ("answered", "connection", "deadline_s", "header")

    def __init__(
        self, header: PopMessageRequestHeader, connection: IConnection
    ) -> None:
        self.header = header
        self.connection = connection
        self.deadline_s: float | None = None
        self.answered: Deferred[Reply] | None = None


class PopHandlers:
    """Serves POP_MESSAGE.

    Args:
        checks: who may pop what.
        asked: compiles what a pop wants.
        priorities: how much a group heeds priorities.
        reader: takes messages.
        lending: writes down what was taken, and answers.
        held: keeps pops that found nothing.
        wall_ms: the clock that clients' times are compared with.
        seconds: the monotonic clock, for waiting.
    """

    def __init__(
        self,
        *,
        checks: PopChecks,
        asked: AskedSubscriptions,
        priorities: Priorities,
        reader: PopReader,
        lending: Lending,
        held: HeldPops,
        wall_ms: Callable[[], int],
        seconds: Callable[[], float],
    ) -> None:
        self._checks = checks
        self._subscriptions = asked
        self._priorities = priorities
        self._reader = reader
        self._lending = lending
        self._held = held
        self._wall_ms = wall_ms
        self._seconds = seconds

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {RequestCode.POP_MESSAGE: self.pop}

    def pop(self, request: Request) -> Reply | Deferred[Reply]:
        """Give messages, now or when there are some."""
        header: PopMessageRequestHeader = request.header
        now_ms = self._wall_ms()
        if header.born_time <= 0:
            header.born_time = now_ms
        if now_ms - header.born_time - header.poll_time > LATE_MS:
            raise PollingTimeoutError(
                f"the broker[{self._checks.host}] pop message is timeout too much"
            )
        pop = _Pop(header, request.connection)
        reply = self._serve(pop)
        if reply is None:  # it is not known yet when it is answered
            reply = pop.answered = Deferred()
        return reply

    def _serve(self, pop: _Pop) -> Reply | Deferred[Reply] | None:
        """Answer *pop*; None if it is held, or its messages have to be waited for."""
        asked = self._asked(pop)
        popped = self._reader.pop(asked)
        if isinstance(popped, Popped):
            return self._finish(popped, pop, asked)
        popped.addCallback(self._finish, pop, asked)
        popped.addCallbacks(self._deliver, self._fail, (pop,), {}, (pop,), {})
        return None

    def _asked(self, pop: _Pop) -> Asked:
        """Say what *pop* is about, or raise why it is refused."""
        header = pop.header
        checks, topic, group = self._checks, header.topic, header.consumer_group
        checks.check_broker("pop message")
        checks.check_count(header.max_msg_nums)
        checks.check_timers()
        if not 0 <= header.invisible_time <= INT64_MAX - self._wall_ms():
            raise InvalidParameterError(
                f"invisibleTime {header.invisible_time} is no length of time in ms"
            )
        checks.check(topic, header.queue_id, group, pop.connection)
        return Asked(
            topic=topic,
            group=group,
            queue_id=header.queue_id,
            max_count=header.max_msg_nums,
            invisible_ms=header.invisible_time,
            init_mode=header.init_mode,
            is_ordered=bool(header.order),
            attempt_id=header.attempt_id,
            filter=self._subscriptions.filter_of(
                group, topic, header.exp_type if header.exp else None, header.exp
            ),
            priority_percent=(
                0 if header.order else self._priorities.percent(topic, group)
            ),
        )

    def _finish(
        self, popped: Popped, pop: _Pop, asked: Asked
    ) -> Reply | Deferred[Reply] | None:
        if popped.taken:
            if popped.rest > 0:
                self._held.notify_soon(asked.topic, asked.group, asked.queue_id)
            return self._lending.lend(asked, popped, pop.connection)
        self._lending.pass_over(popped)
        left_s = self._left_s(pop)
        if left_s <= 0:
            return _nothing(ResponseCode.POLLING_TIMEOUT, asked, popped)
        held = HeldPop(
            asked.topic,
            asked.group,
            asked.queue_id,
            pop.connection,
            lambda: self._resume(pop),
        )
        if not self._held.hold(held, left_s, recheck=popped.looks_again):
            return _nothing(ResponseCode.POLLING_FULL, asked, popped)
        return None

    def _left_s(self, pop: _Pop) -> float:
        """Say how long *pop* may wait still.

        The times of the client are looked at once; then only the monotonic clock
        counts, as the other one may jump.
        """
        now_s = self._seconds()
        if pop.deadline_s is None:
            header = pop.header
            left_ms = header.born_time + header.poll_time - EARLY_MS - self._wall_ms()
            pop.deadline_s = now_s + min(left_ms, header.poll_time) / 1000
        return pop.deadline_s - now_s

    def _resume(self, pop: _Pop) -> None:
        """Look again for a pop that was held."""
        answered = pop.answered
        assert answered is not None
        try:
            reply = self._serve(pop)
        except Exception:
            answered.errback()
            return
        if isinstance(reply, Deferred):
            reply.chainDeferred(answered)
        else:
            self._deliver(reply, pop)

    @staticmethod
    def _deliver(reply: Reply | None, pop: _Pop) -> None:
        if reply is not None:
            assert pop.answered is not None
            pop.answered.callback(reply)

    @staticmethod
    def _fail(failure: Failure, pop: _Pop) -> None:
        assert pop.answered is not None
        pop.answered.errback(failure)


def _nothing(code: int, asked: Asked, popped: Popped) -> Reply:
    queue_id = ORDER_REVIVE_QUEUE if asked.is_ordered else 0
    fields = answer_fields(asked, popped, queue_id)
    fields["startOffsetInfo"] = fields["msgOffsetInfo"] = ""
    return Reply(code, fields, remark=ReadStatus.NO_MESSAGE_IN_QUEUE.value)
