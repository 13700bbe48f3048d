"""Keeping a consumer's queues what its program says, whoever else consumes them."""

from collections.abc import Awaitable, Callable, Collection, Iterable

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from twistedmq.client.reactor import Clock
from twistedmq.client.rebalance import compare
from twistedmq.client.routing import Routes
from twistedmq.protocol.bodies.queues import MessageQueue

AFTER_TROUBLE_S = 1.0

_log = Logger()


class HandParts(Struct, frozen=True):
    """What keeping the assignment needs of its surroundings."""

    routes: Routes
    clock: Clock
    owned: Callable[[], Collection[MessageQueue]]
    take: Callable[[MessageQueue], Awaitable[None]]
    """Begins to consume a queue; fails where that cannot be done now."""
    give_back: Callable[[MessageQueue], Awaitable[None]]
    """Stops consuming a queue and commits what was done; never fails."""


class HandAssignment:
    """Takes up what is wanted, and tries again until it has all of it."""

    def __init__(self, parts: HandParts) -> None:
        self._parts = parts
        self._wanted: frozenset[MessageQueue] = frozenset()
        self._again = False
        self._waiting: list[Deferred[None]] = []
        self._in_round = False
        self._next: IDelayedCall | None = None
        self._running = False

    @property
    def wanted(self) -> frozenset[MessageQueue]:
        """What the program has said last."""
        return self._wanted

    def want(self, queues: Iterable[MessageQueue]) -> None:
        """Have these from now on, and no others."""
        self._wanted = frozenset(queues)

    def start(self) -> Deferred[None]:
        """Fires when each queue was tried once."""
        self._running = True
        return self.round()

    def stop(self) -> Deferred[None]:
        """Take no more; fires when nothing is being taken."""
        self._running = False
        self._call_off()
        return self._round_over()

    def round(self) -> Deferred[None]:
        """Fires when each queue that is wanted, and is not there, was tried once."""
        if self._in_round:
            self._again = True
        elif self._running:
            self._begin()
        return self._round_over()

    def _begin(self) -> None:
        self._call_off()
        self._in_round = True
        Deferred.fromCoroutine(self._work()).addCallback(self._over)

    def _over(self, good: bool) -> None:
        self._in_round = False
        again, self._again = self._again, False
        if self._running and again:
            self._begin()
            return
        if self._running and not good:
            clock = self._parts.clock
            self._next = clock.callLater(AFTER_TROUBLE_S, self._begin)
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(None)

    def _round_over(self) -> Deferred[None]:
        over: Deferred[None] = Deferred()
        if self._in_round:
            self._waiting.append(over)
        else:
            over.callback(None)
        return over

    def _call_off(self) -> None:
        if self._next is not None and self._next.active():
            self._next.cancel()
        self._next = None

    async def _work(self) -> bool:
        change = compare(self._parts.owned(), self._wanted)
        for queue in change.lost:
            await self._parts.give_back(queue)
        good = True
        for queue in change.gained:
            if not self._running:
                return True
            try:
                await self._parts.routes.get(queue.topic)
                await self._parts.take(queue)
            except Exception as error:
                good = False
                _log.warn("{queue} cannot be read now: {why}", queue=queue, why=error)
                self._parts.routes.refresh(queue.topic).addErrback(lambda _: None)
        return good
