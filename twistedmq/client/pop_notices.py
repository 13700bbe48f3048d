"""Waiting until one of several brokers has something to pop, without taking it.

A pop that waits is answered with messages. Of several that wait at several brokers all
may be, and then there are more than were wanted, and their time runs. So where there is
more than one broker, each is asked to give notice, and only then popped.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from twistedmq.client.deferreds import gives_deferred
from twistedmq.client.pop_calls import PopCalls
from twistedmq.client.pop_clock import BrokerClocks
from twistedmq.client.reactor import Clock
from twistedmq.client.routing import Routes
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.headers.notification import (
    NotificationRequestHeader,
    NotificationResponseHeader,
)

POLL_S = 15.0
SHORTEST_S = 1.0
AFTER_TROUBLE_S = 1.0


class NoticeParts(Struct, frozen=True):
    """What waiting needs of its surroundings."""

    group: str
    ordered: bool
    calls: PopCalls
    routes: Routes
    clock: Clock
    clocks: BrokerClocks


class PopNotices:
    """Asks each broker once, for all who wait: not again for each of them."""

    def __init__(self, parts: NoticeParts) -> None:
        self._parts = parts
        self._asked: dict[MessageQueue, Deferred[Any]] = {}
        self._retries: dict[MessageQueue, IDelayedCall] = {}
        self._waiting: list[tuple[frozenset[MessageQueue], Deferred[None]]] = []
        self._stopped = False

    def wait(self, targets: Sequence[MessageQueue], timeout_s: float) -> Deferred[None]:
        """Fires when one of *targets* may have something, or when the time is over."""
        notice: Deferred[None] = Deferred(self._leave)
        if self._stopped:
            notice.callback(None)
            return notice
        self._waiting.append((frozenset(targets), notice))
        late = self._parts.clock.callLater(timeout_s, self._fire, notice)
        notice.addBoth(_cancelled, late)
        for target in targets:
            self._ask(target)
        return notice

    def stop(self) -> None:
        """Ask nobody any more, and let go who waits."""
        self._stopped = True
        asked, self._asked = self._asked, {}
        for answer in asked.values():
            answer.cancel()
        for retry in self._retries.values():
            retry.cancel()
        for _, notice in list(self._waiting):
            self._fire(notice)

    def _ask(self, target: MessageQueue) -> None:
        if target in self._asked or target in self._retries:
            return
        begun_s = self._parts.clock.seconds()
        self._asked[target] = asked = self._notice(target)
        asked.addCallback(self._answered, target, begun_s)
        asked.addErrback(self._trouble, target)

    @gives_deferred
    async def _notice(self, target: MessageQueue) -> NotificationResponseHeader:
        parts = self._parts
        header = NotificationRequestHeader(
            consumer_group=parts.group,
            topic=target.topic,
            queue_id=target.queue_id,
            poll_time=int(POLL_S * 1000),
            born_time=parts.clocks.now_ms(target.broker_name),
            order=parts.ordered,
            target_broker=target.broker_name,
        )
        address = parts.routes.address(target.broker_name)
        return await parts.calls.notification(address, header)

    def _answered(
        self, answer: NotificationResponseHeader, target: MessageQueue, begun_s: float
    ) -> None:
        self._asked.pop(target, None)
        if answer.has_msg:
            self._tell(target)
        elif self._parts.clock.seconds() - begun_s < SHORTEST_S:
            self._later(target)  # it could not wait, for whatever reason
        else:
            self._again(target)

    def _trouble(self, failure: Failure, target: MessageQueue) -> None:
        """Ask again a little later; the next pop there says what is wrong."""
        self._asked.pop(target, None)
        if not self._stopped:
            self._later(target)

    def _later(self, target: MessageQueue) -> None:
        clock = self._parts.clock
        self._retries[target] = clock.callLater(AFTER_TROUBLE_S, self._retry, target)

    def _retry(self, target: MessageQueue) -> None:
        del self._retries[target]
        self._again(target)

    def _again(self, target: MessageQueue) -> None:
        if any(target in targets for targets, _ in self._waiting):
            self._ask(target)

    def _tell(self, target: MessageQueue) -> None:
        for targets, notice in list(self._waiting):
            if target in targets:
                self._fire(notice)

    def _fire(self, notice: Deferred[None]) -> None:
        self._leave(notice)
        if not notice.called:
            notice.callback(None)

    def _leave(self, notice: Deferred[None]) -> None:
        self._waiting = [each for each in self._waiting if each[1] is not notice]


def _cancelled(result: object, call: IDelayedCall) -> object:
    if call.active():
        call.cancel()
    return result
