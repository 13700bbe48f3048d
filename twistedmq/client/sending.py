"""One parcel on its way: attempts on one broker after another until it is stored."""

from collections.abc import Callable
from typing import Generic, TypeVar

from msgspec import Struct
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from twistedmq.client.errors import (
    BrokerNotFoundError,
    RefusedError,
    RouteNotFoundError,
    SendFailedError,
    SendTimeoutError,
)
from twistedmq.client.interfaces import IQueueSelection, Pool
from twistedmq.client.message import SendStatus
from twistedmq.client.packing import Parcel
from twistedmq.client.producer_rules import SendRules
from twistedmq.client.reactor import Clock
from twistedmq.client.routing import Routes, TopicRoute
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.command import Command
from twistedmq.protocol.fields import decode_fields
from twistedmq.protocol.headers.send import SendMessageResponseHeader
from twistedmq.remoting.errors import ForkedError, RemotingError

STORED_CODES = frozenset(SendStatus)
Told = Callable[[str, float, Exception | None], None]
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 2.0

R = TypeVar("R")


class Stored(Struct, frozen=True):
    """A broker's answer that says: stored."""

    queue: MessageQueue
    header: SendMessageResponseHeader
    answer: Command


class SendParts(Struct, frozen=True):
    """What sending needs of its surroundings."""

    rules: SendRules
    routes: Routes
    pool: Pool
    clock: Clock
    wall_ms: Callable[[], int]


def as_it_is(sending: "Sending[Stored]", result: Stored | Failure) -> Stored | Failure:
    """Give what a sending came to."""
    return result


class Sending(Generic[R]):
    """Sends one parcel. ``done`` fires with Stored, or fails with SendFailedError,
    SendTimeoutError, RefusedError, RouteNotFoundError or what the selection raised.

    After a failure that another broker may not share, the next attempt goes out at
    once; to the same broker after a pause, since it is likely to be starting. Once it
    is stored somewhere it does not fail any more, whatever better was tried for.
    """

    def __init__(
        self,
        parts: SendParts,
        parcel: Parcel,
        selection: IQueueSelection,
        queue: MessageQueue | None = None,
        timeout_s: float | None = None,
        told: Told | None = None,
        over: "Over[R]" = as_it_is,  # type: ignore[assignment]
    ) -> None:
        """Send *parcel* to *queue* (once) or to where *selection* says.

        *told* hears how each attempt went; see ``ISendFeedback``. *over* is told what
        it came to, and gives what ``done`` fires with: a callback would cost more.
        """
        self.done: Deferred[R] = Deferred(self._cancelled)
        self.parcel = parcel
        self._parts = parts
        self._over = over
        self._selection = selection
        self._given_queue = queue
        self._timeout_s = parts.rules.timeout_s if timeout_s is None else timeout_s
        self._deadline = parts.clock.seconds() + self._timeout_s
        self._attempts_left = 1 if queue is not None else parts.rules.retries + 1
        self._told = told
        self._begun_s = 0.0
        self._queue: MessageQueue | None = None
        self._address = ""
        self._later: IDelayedCall | None = None
        self._brokers: list[str] = []
        self._causes: list[BaseException] = []
        self._stored: Stored | None = None

    @property
    def begun_s(self) -> float:
        """When it began, by the clock."""
        return self._deadline - self._timeout_s

    def start(self) -> Deferred[R]:
        """Begin; gives ``done``."""
        topic = self.parcel.message.topic
        route = self._parts.routes.cached(topic)
        if route is not None:
            self._attempt(route)
        else:
            found = self._parts.routes.for_sending(
                topic, self._parts.rules.default_queues
            )
            # name servers that do not answer have time-outs of their own, which add up
            found.addTimeout(self._timeout_s, self._parts.clock, self._too_late)
            found.addCallbacks(self._attempt, self._give_up).addErrback(self._give_up)
        return self.done

    def _attempt(self, route: TopicRoute) -> None:
        if self.done.called:
            return
        self._begun_s = self._parts.clock.seconds()
        left_s = self._deadline - self._begun_s
        if left_s <= 0:
            self._give_up(Failure(self._timeout()))
            return
        try:
            queue = self._choose(route)
            address = self._parts.routes.address(queue.broker_name)
        except BrokerNotFoundError as error:
            self._failed(Failure(error), error.broker_name)
            return
        except Exception:
            self._give_up(Failure())
            return
        rules, parcel = self._parts.rules, self.parcel
        if rules.attempt_timeout_s is not None and self._attempts_left > 1:
            left_s = min(left_s, rules.attempt_timeout_s)
        born_ms = self._parts.wall_ms()
        header = parcel.header(rules.group, queue, born_ms, rules.default_queues)
        self._queue, self._address = queue, address
        self._parts.pool.ask(
            address,
            parcel.code,
            header,
            parcel.body,
            left_s,
            self._answered,
            self._attempt_failed,
        )

    def _choose(self, route: TopicRoute) -> MessageQueue:
        if self._given_queue is not None:
            return self._given_queue
        if not route.publishable:
            raise RouteNotFoundError(route.topic, " for writing")
        avoid = self._brokers[-1] if self._brokers else None
        return self._selection.select(self.parcel.message, route.publishable, avoid)

    def _answered(self, answer: Command) -> None:
        try:
            stored = self._read(answer)
            if self._told is not None:
                self._tell(stored.queue.broker_name, None)
        except Exception:
            self._attempt_failed(Failure())
            return
        if answer.code and self._parts.rules.retry_unless_ok:
            self._stored_less_safely(stored)
        elif not self.done.called:
            self._finish(stored)

    def _read(self, answer: Command) -> Stored:
        if answer.code not in STORED_CODES:
            raise RefusedError(answer.code, answer.remark, self._address)
        header = decode_fields(SendMessageResponseHeader, answer.fields)
        queue = self._queue
        assert queue is not None
        if header.queue_id != queue.queue_id:
            queue = MessageQueue(queue.topic, queue.broker_name, header.queue_id)
        return Stored(queue, header, answer)

    def _stored_less_safely(self, stored: Stored) -> None:
        """Try whether another broker does better, or be content."""
        if self.done.called:
            return
        broker_name = stored.queue.broker_name
        self._stored = stored
        self._brokers.append(broker_name)
        self._attempts_left -= 1
        if self._attempts_left and self._parts.clock.seconds() < self._deadline:
            self._again(broker_name)
        else:
            self._finish(stored)

    def _attempt_failed(self, failure: Failure) -> None:
        assert self._queue is not None
        self._failed(failure, self._queue.broker_name)

    def _failed(self, failure: Failure, broker_name: str) -> None:
        """Try again where that may help, or give up."""
        if self.done.called:
            return
        self._brokers.append(broker_name)
        error = failure.value
        assert error is not None
        self._causes.append(error)
        if self._told is not None:
            self._tell(broker_name, error)
        self._attempts_left -= 1
        if not self._may_pass(error):
            self._give_up(failure)
        elif self._deadline <= self._parts.clock.seconds():
            self._give_up(Failure(self._timeout()))
        elif not self._attempts_left:
            self._give_up(Failure(self._exhausted()))
        else:
            self._again(broker_name)

    def _tell(self, broker_name: str, error: BaseException | None) -> None:
        assert self._told is not None
        if error is None or isinstance(error, Exception):
            took_s = self._parts.clock.seconds() - self._begun_s
            self._told(broker_name, took_s, error)

    def _again(self, broker_name: str) -> None:
        topic = self.parcel.message.topic
        routes = self._parts.routes
        routes.refresh(topic).addErrback(lambda _: None)
        route = routes.cached(topic)
        elsewhere = route is not None and self._goes_elsewhere(route, broker_name)
        left_s = self._deadline - self._parts.clock.seconds()
        pause_s = 0.0 if elsewhere else min(self._pause_s(), left_s)
        self._later = self._parts.clock.callLater(pause_s, self._once_more)

    def _goes_elsewhere(self, route: TopicRoute, broker_name: str) -> bool:
        """Whether the next attempt is likely to go to another broker."""
        try:
            return self._choose(route).broker_name != broker_name
        except Exception:
            return True  # the attempt itself will fail so, and tell

    def _pause_s(self) -> float:
        """Give how long to leave the same broker alone: longer each time."""
        return min(FIRST_PAUSE_S * 4.0 ** (len(self._brokers) - 1), LONGEST_PAUSE_S)

    def _may_pass(self, error: BaseException) -> bool:
        """Whether another attempt may do better."""
        if isinstance(error, RefusedError):
            return error.code in self._parts.rules.retry_codes
        if isinstance(error, ForkedError):
            return False
        return isinstance(error, RemotingError | BrokerNotFoundError)

    def _once_more(self) -> None:
        topic = self.parcel.message.topic
        route = self._parts.routes.cached(topic)
        if route is not None:
            self._attempt(route)
        else:
            self._give_up(Failure(RouteNotFoundError(topic)))

    def _give_up(self, failure: Failure) -> None:
        if self.done.called:
            return
        self._finish(failure if self._stored is None else self._stored)

    def _finish(self, result: Stored | Failure) -> None:
        try:
            outcome = self._over(self, result)
        except Exception:
            outcome = Failure()
        self.done.callback(outcome)

    def _exhausted(self) -> Exception:
        if len(self._causes) == 1 and isinstance(self._causes[0], RefusedError):
            return self._causes[0]
        topic = self.parcel.message.topic
        return SendFailedError(topic, self._brokers, self._causes)

    def _timeout(self) -> SendTimeoutError:
        topic = self.parcel.message.topic
        return SendTimeoutError(topic, self._timeout_s, self._causes)

    def _too_late(self, result: object, _timeout_s: float) -> object:
        if isinstance(result, Failure):
            result.trap(CancelledError)
            raise self._timeout()
        return result

    def _cancelled(self, _: object) -> None:
        if self._later is not None and self._later.active():
            self._later.cancel()
        self._finish(Failure(CancelledError()))


Over = Callable[[Sending[R], Stored | Failure], R | Failure]
"""Told what a sending came to; gives what it fires with."""
