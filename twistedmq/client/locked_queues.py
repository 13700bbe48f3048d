"""Queues of an ordered consumer: taken under a lock, handed over when idle."""

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.client.errors import ClientError
from twistedmq.client.locks import QueueLocks
from twistedmq.client.ordered_inbox import OrderedInbox
from twistedmq.client.owned import OwnedQueues
from twistedmq.protocol.bodies.queues import MessageQueue

_log = Logger()


class StillInWorkError(ClientError):
    """A queue comes back before its last message from before is out of work."""

    def __init__(self, queue: MessageQueue) -> None:
        """Keep the queue."""
        super().__init__(f"a message of {queue} is still in work")
        self.queue = queue


class LockedQueues:
    """Takes queues once they are locked, and unlocks them once nothing is in work.

    So the next owner begins where this one has ended, and never beside it.

    Args:
        owned: the queues.
        inbox: tells what is in work.
        locks: the locks.
        rebalance: called when a queue was lost, since it may be ours again soon.
    """

    def __init__(
        self,
        owned: OwnedQueues,
        inbox: OrderedInbox,
        locks: QueueLocks,
        rebalance: Callable[[], object],
    ) -> None:
        self._owned = owned
        self._inbox = inbox
        self._locks = locks
        self._rebalance = rebalance
        self._leaving: set[MessageQueue] = set()
        locks.on_lost = self._lost
        locks.was_moved = owned.was_moved
        locks.on_renewed = inbox.wake

    async def take(self, queue: MessageQueue) -> None:
        """Lock a queue and begin with it; fails if that cannot be done now."""
        if queue in self._leaving:
            raise StillInWorkError(queue)
        await self._locks.acquire(queue)
        try:
            # the offset is read under the lock: before, another member may move it
            await self._owned.take(queue)
        except Exception:
            await self._locks.release([queue])
            raise

    async def give_back(self, queue: MessageQueue) -> None:
        """Stop with a queue; what is in work of it is waited for elsewhere."""
        self._owned.retire(queue)
        if not self._inbox.is_in_work(queue):
            await self._hand_over(queue)
            return
        self._leaving.add(queue)
        idle = self._inbox.idle(queue)
        idle.addCallback(lambda _: Deferred.fromCoroutine(self._hand_over(queue)))
        idle.addErrback(_log_bug, queue)

    async def release_all(self) -> None:
        """Unlock what is not in work; what is keeps its lock until that expires."""
        queues = [*self._owned.queues, *self._leaving]
        await self._locks.release(
            queue for queue in queues if not self._inbox.is_in_work(queue)
        )

    async def _hand_over(self, queue: MessageQueue) -> None:
        # what was in work is released after it was acked, so it is in the commit
        if queue in self._owned.pullers:
            await self._owned.give_back(queue)
        self._leaving.discard(queue)
        await self._locks.release([queue])

    def _lost(self, queue: MessageQueue) -> None:
        """Another member goes on with the queue: nothing more may come from us."""
        self._owned.drop(queue)
        self._rebalance()


def _log_bug(failure: Failure, queue: MessageQueue) -> None:
    _log.failure("{queue} could not be handed over", failure, queue=queue)
