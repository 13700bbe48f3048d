"""One receive: pops until there is something, or until its time is over."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from msgspec import Struct
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger

from twistedmq.client.errors import (
    BrokerNotFoundError,
    RefusedError,
    RouteNotFoundError,
)
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.pop_calls import GRACE_S, PopCalls
from twistedmq.client.pop_clock import BrokerClocks
from twistedmq.client.pop_notices import PopNotices
from twistedmq.client.pop_targets import Targets
from twistedmq.client.popped import Popped, read_popped
from twistedmq.client.reactor import Clock
from twistedmq.client.routing import Routes
from twistedmq.client.subscription import Subscription
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.headers.pop import PopMessageRequestHeader
from twistedmq.remoting.errors import RemotingError

LONGEST_POLL_S = 20.0
"""One pop waits no longer: a connection may be dead without anybody knowing."""
SHORTEST_S = 1.0
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 1.0
FROM_FIRST, FROM_LAST = 0, 1
"""Where a new group begins."""

_PASSING = frozenset(
    {
        ResponseCode.SYSTEM_BUSY,
        ResponseCode.FLOW_CONTROL,
        ResponseCode.POLLING_FULL,
        ResponseCode.SERVICE_NOT_AVAILABLE,
    }
)
"""Refusals that pass by themselves."""

_log = Logger()


class ReceiveParts(Struct, frozen=True):
    """What receiving needs of its surroundings."""

    group: str
    ordered: bool
    init_mode: int
    calls: PopCalls
    routes: Routes
    targets: Targets
    notices: PopNotices
    clock: Clock
    clocks: BrokerClocks
    unwanted: Callable[[Sequence[ReceivedMessage]], object]
    """Takes what was popped though it is not of a wanted tag."""
    next_id: Callable[[], str]


class Wish(Struct, frozen=True):
    """What a receive asks for."""

    most: int
    invisible_ms: int
    await_s: float


class Receiving:
    """Pops at one target after the other, beginning with another one each time."""

    def __init__(
        self, parts: ReceiveParts, subscriptions: dict[str, Subscription]
    ) -> None:
        self._parts = parts
        self._subscriptions = subscriptions
        self._turns = count()
        self._attempts: dict[MessageQueue, str] = {}
        """Of ordered pops without an answer: the next one is the same attempt."""
        self._pauses: set[Deferred[None]] = set()
        self._pops: set[Deferred[Any]] = set()
        self._stopped = False

    def stop(self) -> None:
        """Let all receives end, with nothing."""
        self._stopped = True
        self._parts.notices.stop()
        for waiting in [*self._pauses, *self._pops]:
            waiting.cancel()

    async def receive(self, wish: Wish) -> list[ReceivedMessage]:
        """Give up to as many messages as wished; none if none came in its time.

        Raises: the last error where no broker could be asked in all that time; or at
            once, where a broker says no and would say so again.
        """
        clock = self._parts.clock
        deadline_s = clock.seconds() + wish.await_s
        pause_s = 0.0
        while not self._stopped:
            begun_s = clock.seconds()
            targets = self._in_turn()
            left_s = min(max(0.0, deadline_s - begun_s), LONGEST_POLL_S)
            wait_s = left_s if len(targets) == 1 else 0.0
            found, error = await self._sweep(targets, wish, wait_s)
            left_s = deadline_s - clock.seconds()
            if found or self._stopped:
                return found
            if left_s <= 0:
                if error is not None:
                    raise error
                return []
            if error is None and len(targets) > 1:
                await self._parts.notices.wait(targets, left_s)
            # none where there was something to wait for, unless it was so in vain
            if clock.seconds() - begun_s < SHORTEST_S:
                await self._pause(min(pause_s, left_s))
                pause_s = min(pause_s * 2 or FIRST_PAUSE_S, LONGEST_PAUSE_S)
        return []

    def _in_turn(self) -> list[MessageQueue]:
        targets = self._parts.targets.current()
        if not targets:
            return []
        first = next(self._turns) % len(targets)
        return [*targets[first:], *targets[:first]]

    async def _sweep(
        self, targets: Sequence[MessageQueue], wish: Wish, wait_s: float
    ) -> tuple[list[ReceivedMessage], Exception | None]:
        """Pop at each target until one gives something; gives the last error too."""
        trouble: Exception | None = None
        for target in targets:
            try:
                popped = await self._pop(target, wish, wait_s)
            except CancelledError:
                if not self._stopped:
                    raise
                return [], None
            except (RemotingError, BrokerNotFoundError) as error:
                trouble = error
                self._parts.routes.refresh(target.topic).addErrback(lambda _: None)
            except RefusedError as refusal:
                if refusal.code not in _PASSING:
                    raise
                trouble = refusal
            else:
                if popped.unwanted:
                    self._parts.unwanted(popped.unwanted)
                if popped.wanted:
                    return popped.wanted, None
        return [], trouble or self._missing()

    def _missing(self) -> RouteNotFoundError | None:
        """Give an error if there is none of the topics."""
        topics = list(self._subscriptions)
        if any(self._parts.routes.cached(topic) is not None for topic in topics):
            return None
        return RouteNotFoundError(topics[0])

    async def _pop(self, target: MessageQueue, wish: Wish, wait_s: float) -> Popped:
        parts = self._parts
        subscription = self._subscriptions[target.topic]
        header = PopMessageRequestHeader(
            consumer_group=parts.group,
            topic=target.topic,
            queue_id=target.queue_id,
            max_msg_nums=wish.most,
            invisible_time=wish.invisible_ms,
            poll_time=int(wait_s * 1000),
            born_time=self._born_ms(target.broker_name, wait_s),
            init_mode=parts.init_mode,
            exp_type=subscription.expression_type,
            exp=subscription.expression,
            order=parts.ordered,
            attempt_id=self._attempt(target),
            target_broker=target.broker_name,
        )
        address = parts.routes.address(target.broker_name)
        asking = parts.calls.pop(address, header)
        self._pops.add(asking)
        try:
            answer = await asking
        finally:
            self._pops.discard(asking)
        self._attempts.pop(target, None)
        if answer is None:
            return Popped([], [])
        parts.clocks.learn(target.broker_name, answer.header.pop_time)
        return read_popped(answer, target.topic, target.broker_name, subscription)

    def _born_ms(self, broker_name: str, wait_s: float) -> int:
        """Say when the pop was made, by the clock of the broker as far as it is known.

        A broker does not serve what is older than it wanted to wait, and its clock may
        be ahead. One that does not wait is of use as long as its answer is waited for.
        """
        now_ms = self._parts.clocks.now_ms(broker_name)
        return now_ms if wait_s else now_ms + int(GRACE_S * 1000)

    def _attempt(self, target: MessageQueue) -> str | None:
        if not self._parts.ordered:
            return None
        return self._attempts.setdefault(target, self._parts.next_id())

    async def _pause(self, seconds: float) -> None:
        pause: Deferred[None] = deferLater(self._parts.clock, seconds)
        self._pauses.add(pause)
        try:
            await pause
        except CancelledError:
            if not self._stopped:
                raise
        finally:
            self._pauses.discard(pause)
