"""Locks of queues at their brokers: while we have one, no other member consumes it."""

from collections.abc import Awaitable, Callable, Iterable

from msgspec import Struct
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from twistedmq.client.calls import BrokerCalls
from twistedmq.client.deferreds import gives_deferred
from twistedmq.client.errors import BrokerNotFoundError, ClientError, RefusedError
from twistedmq.client.reactor import Clock
from twistedmq.client.routing import Routes
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.remoting.errors import RemotingError
from twistedmq.remoting.periodic import PeriodicCall

RENEW_S = 20.0
EXPIRY_S = 30.0
"""So long a lock counts here."""

AGAIN_AFTER_S = 1.0
LAPSE_S = 60.0
"""After so long without renewal brokers give a lock to whoever asks next."""

_log = Logger()


class QueueLockedError(ClientError):
    """Another member of the group has the queue's lock (still)."""

    def __init__(self, queue: MessageQueue) -> None:
        """Keep the queue."""
        super().__init__(f"another member has the lock of {queue}")
        self.queue = queue


class LockParts(Struct, frozen=True):
    """What locking needs of its surroundings."""

    group: str
    client_id: str
    calls: BrokerCalls
    routes: Routes
    clock: Clock


class QueueLocks:
    """The locks that this consumer has; renewed every 20 s.

    Attributes:
        on_lost: called with a queue that somebody else has, or may have had.
        was_moved: tells whether the group went on with a queue without us.
        on_renewed: called when locks were renewed.
    """

    def __init__(self, parts: LockParts) -> None:
        self.on_lost: Callable[[MessageQueue], object] = lambda queue: None
        self.was_moved: Callable[[MessageQueue], Awaitable[bool]] = _never
        self.on_renewed: Callable[[], None] = lambda: None
        self._parts = parts
        self._locked_s: dict[MessageQueue, float] = {}
        self._doubted: set[MessageQueue] = set()
        self._acquiring: set[MessageQueue] = set()
        self._asking: set[str] = set()
        """Brokers that are asked because of a doubt."""
        self._later: dict[str, IDelayedCall] = {}
        self._loop = PeriodicCall(self.renew, parts.clock)

    def start(self) -> None:
        """Begin to renew."""
        self._loop.start(RENEW_S, now=False)

    def stop(self) -> None:
        """Renew no more."""
        if self._loop.running:
            self._loop.stop()
        for call in self._later.values():
            call.cancel()
        self._later.clear()

    def locked_s(self, queue: MessageQueue) -> float | None:
        """Give when the lock was taken or renewed; None where we do not have it."""
        return self._locked_s.get(queue)

    def holds(self, queue: MessageQueue) -> bool:
        """Whether the queue is ours alone for the time being."""
        locked_s = self._locked_s.get(queue)
        if locked_s is None or queue in self._doubted:
            return False
        return self._parts.clock.seconds() < locked_s + EXPIRY_S

    def doubt(self, broker_name: str) -> None:
        """A broker may have been restarted, and forgotten our locks: ask it at once.

        And again every second, until it answers: nothing of its queues is begun before.
        """
        mine = [each for each in self._locked_s if each.broker_name == broker_name]
        if not (mine and self._loop.running):
            return
        self._doubted.update(mine)
        # all pulls of a broker break off at a time
        if broker_name not in self._asking and broker_name not in self._later:
            self._asking.add(broker_name)
            asked = self._renew(broker_name, mine, in_doubt=True)
            asked.addCallback(self._asked, broker_name)

    def _asked(self, answered: bool, broker_name: str) -> None:
        self._asking.discard(broker_name)
        self.on_renewed()
        if not answered and self._loop.running:
            clock = self._parts.clock
            self._later[broker_name] = clock.callLater(
                AGAIN_AFTER_S, self._ask_again, broker_name
            )

    def _ask_again(self, broker_name: str) -> None:
        del self._later[broker_name]
        if any(each.broker_name == broker_name for each in self._doubted):
            self.doubt(broker_name)

    @gives_deferred
    async def acquire(self, queue: MessageQueue) -> None:
        """Lock a queue.

        Fails with QueueLockedError, or if the broker cannot be asked.
        """
        # its time runs from when we asked, not from when we heard
        asked_s = self._parts.clock.seconds()
        self._acquiring.add(queue)
        try:
            locked = await self._lock(queue.broker_name, [queue])
        finally:
            self._acquiring.discard(queue)
        if queue not in locked:
            raise QueueLockedError(queue)
        self._locked_s[queue] = asked_s

    def release(self, queues: Iterable[MessageQueue]) -> Deferred[None]:
        """Unlock queues; never fails: a lock that stays expires."""
        by_broker: dict[str, list[MessageQueue]] = {}
        for queue in queues:
            self._doubted.discard(queue)
            if self._locked_s.pop(queue, None) is not None:
                by_broker.setdefault(queue.broker_name, []).append(queue)
        unlocked = [self._unlock(name, mine) for name, mine in by_broker.items()]
        return DeferredList(unlocked).addCallback(lambda _: None)

    def renew(self) -> Deferred[None]:
        """Have all locks prolonged."""
        by_broker: dict[str, list[MessageQueue]] = {}
        for queue in self._locked_s:
            by_broker.setdefault(queue.broker_name, []).append(queue)
        renewed = [self._renew(name, mine) for name, mine in by_broker.items()]
        return DeferredList(renewed).addCallback(lambda _: self.on_renewed())

    @gives_deferred
    async def _renew(
        self,
        broker_name: str,
        queues: list[MessageQueue],
        *,
        in_doubt: bool = False,
    ) -> bool:
        """Have locks prolonged; gives whether the broker has answered."""
        asked_s = self._parts.clock.seconds()
        try:
            locked = await self._lock(broker_name, queues)
        except (RemotingError, RefusedError, BrokerNotFoundError) as error:
            _log.emit(
                LogLevel.debug if in_doubt else LogLevel.warn,
                "{group}: locks at {broker} could not be renewed: {error}",
                group=self._parts.group,
                broker=broker_name,
                error=str(error),
            )
            return False
        for queue in queues:
            if queue not in self._locked_s:
                continue
            if queue in locked and await self._is_as_before(queue, asked_s):
                if queue in self._locked_s:
                    self._locked_s[queue] = asked_s
                    self._doubted.discard(queue)
            elif self._locked_s.pop(queue, None) is not None:
                self._doubted.discard(queue)
                _log.warn("the lock of {queue} was lost", queue=queue)
                self.on_lost(queue)
        # given up while the broker was asked: it has locked them anew
        ours = self._locked_s.keys() | self._acquiring
        given_up = [queue for queue in locked if queue not in ours]
        if given_up:
            await self._unlock(broker_name, given_up)
        return True

    async def _is_as_before(self, queue: MessageQueue, asked_s: float) -> bool:
        """Whether nobody can have consumed a queue since its lock was renewed last."""
        if asked_s >= self._locked_s[queue] + LAPSE_S:
            return False
        return queue not in self._doubted or not await self.was_moved(queue)

    async def _lock(
        self, broker_name: str, queues: list[MessageQueue]
    ) -> frozenset[MessageQueue]:
        parts = self._parts
        address = parts.routes.address(broker_name)
        return await parts.calls.lock(address, parts.group, parts.client_id, queues)

    def _unlock(self, broker_name: str, queues: list[MessageQueue]) -> Deferred[None]:
        unlocking = Deferred.fromCoroutine(self._ask_to_unlock(broker_name, queues))
        return unlocking.addErrback(self._not_unlocked, broker_name)

    async def _ask_to_unlock(
        self, broker_name: str, queues: list[MessageQueue]
    ) -> None:
        parts = self._parts
        address = parts.routes.address(broker_name)
        await parts.calls.unlock(address, parts.group, parts.client_id, queues)

    def _not_unlocked(self, failure: Failure, broker_name: str) -> None:
        failure.trap(RemotingError, RefusedError, BrokerNotFoundError)
        _log.warn(
            "{group}: locks at {broker} could not be given back, they expire: {why}",
            group=self._parts.group,
            broker=broker_name,
            why=failure.getErrorMessage(),
        )


async def _never(_queue: MessageQueue) -> bool:
    return False
