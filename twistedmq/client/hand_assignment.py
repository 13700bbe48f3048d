"""Keeping a consumer's queues what its program says, whoever else consumes them."""

from collections.abc import Awaitable, Callable, Collection, Iterable

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from twistedmq.client.reactor import Clock
from twistedmq.client.rebalance import compare
from twistedmq.client.rounds import Rounds
from twistedmq.client.routing import Routes
from twistedmq.protocol.bodies.queues import MessageQueue

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
        self._rounds = Rounds(self._change, parts.clock, "taking queues up")

    @property
    def wanted(self) -> frozenset[MessageQueue]:
        """What the program has said last."""
        return self._wanted

    def want(self, queues: Iterable[MessageQueue]) -> None:
        """Have these from now on, and no others."""
        self._wanted = frozenset(queues)

    def start(self) -> Deferred[None]:
        """Fires when each queue was tried once."""
        return self._rounds.start()

    def stop(self) -> Deferred[None]:
        """Take no more; fires when nothing is being taken."""
        return self._rounds.stop()

    def round(self) -> Deferred[None]:
        """Fires when each queue that is wanted, and is not there, was tried once."""
        return self._rounds.round()

    async def _change(self) -> bool:
        change = compare(self._parts.owned(), self._wanted)
        for queue in change.lost:
            await self._parts.give_back(queue)
        good = True
        for queue in change.gained:
            if not self._rounds.running:
                return True
            try:
                await self._parts.routes.get(queue.topic)
                await self._parts.take(queue)
            except Exception as error:
                good = False
                _log.warn(
                    "{queue} cannot be read now: {why}", queue=queue, why=str(error)
                )
                self._parts.routes.refresh(queue.topic).addErrback(lambda _: None)
        return good
