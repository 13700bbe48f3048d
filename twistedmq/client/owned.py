"""The queues that a consumer has: pulled, acknowledged, and their offsets committed."""

from collections.abc import Awaitable, Callable, Collection, Mapping

from msgspec import Struct
from twisted.internet.defer import DeferredLock

from twistedmq.client.inbox import Inbox
from twistedmq.client.interfaces import IOffsetStore
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.pulling import PullParts, QueuePuller
from twistedmq.client.subscription import Subscription
from twistedmq.client.window import Limits, QueueWindow
from twistedmq.protocol.bodies.queues import MessageQueue


class OwnedParts(Struct, frozen=True):
    """What the owned queues need of their surroundings."""

    pulls: PullParts
    inbox: Inbox
    offsets: IOffsetStore
    start: Callable[[MessageQueue], Awaitable[int]]
    """Gives where to begin in a queue without a kept offset."""
    limits: Limits
    """For each queue."""
    in_all: Limits | None
    """For all queues together."""
    pulls_commit: bool
    """Whether pulls may carry offsets to commit along (clustering)."""


class OwnedQueues:
    """Takes queues up, gives them back, and keeps their progress."""

    def __init__(
        self, parts: OwnedParts, subscriptions: Mapping[str, Subscription]
    ) -> None:
        """Pull by *subscriptions*, which are by topic."""
        self._parts = parts
        self._subscriptions = subscriptions
        self._pullers: dict[MessageQueue, QueuePuller] = {}
        self._committed: dict[MessageQueue, int | None] = {}
        self._retired: set[MessageQueue] = set()
        self._suspended = False
        self._sought: dict[MessageQueue, int] = {}
        self._committing = DeferredLock()

    @property
    def queues(self) -> list[MessageQueue]:
        """The queues owned now, those left out that are on their way to another."""
        return [queue for queue in self._pullers if queue not in self._retired]

    @property
    def pullers(self) -> Mapping[MessageQueue, QueuePuller]:
        """What is known of each owned queue."""
        return self._pullers

    async def take(self, queue: MessageQueue) -> None:
        """Begin with a queue; fails if its offset cannot be found out now."""
        kept = await self._parts.offsets.read(queue)
        start = await self._parts.start(queue) if kept is None else kept
        # who sought in the meantime knows better
        start = self._sought.pop(queue, start)
        subscription = self._subscriptions.get(queue.topic)
        if subscription is None:
            return  # nor who wants nothing of the topic any more
        self._committed[queue] = kept
        window = QueueWindow(start, self._parts.limits)
        puller = QueuePuller(self._parts.pulls, queue, subscription, window)
        self._pullers[queue] = puller
        self._share_limits()
        if self._suspended:
            puller.suspend()
        # 0 is also what a broker says that knows no offset of a young queue
        puller.carries_commits = self._parts.pulls_commit and bool(kept)
        puller.start()

    async def give_back(self, queue: MessageQueue) -> None:
        """Stop with a queue and commit what was done of it."""
        self.retire(queue)
        await self._commit([queue])
        self._forget(queue)

    def retire(self, queue: MessageQueue) -> None:
        """Begin nothing more of a queue; what is in work can still be acked."""
        puller = self._pullers.get(queue)
        if puller is None:
            return  # its lock was lost meanwhile
        puller.stop()
        self._parts.inbox.discard(queue)
        self._retired.add(queue)

    def drop(self, queue: MessageQueue) -> None:
        """Stop with a queue that is not ours any more: nothing of it is committed."""
        self.retire(queue)
        self._forget(queue)

    def holds(self, message: ReceivedMessage) -> bool:
        """Whether a message is of a queue of ours, and not acked yet.

        One that was fetched before its queue was moved or lost is not.
        """
        puller = self._pullers.get(message.queue)
        return puller is not None and message in puller.window

    def ack(self, message: ReceivedMessage) -> bool:
        """Note that a message is done; False if it is not in work here (any more)."""
        puller = self._pullers.get(message.queue)
        return puller is not None and puller.ack(message)

    def exchange(self, message: ReceivedMessage, other: ReceivedMessage) -> None:
        """Go on with *other* in place of *message*, which is tried again."""
        puller = self._pullers.get(message.queue)
        if puller is not None:
            puller.window.exchange(message, other)

    async def commit(self) -> frozenset[MessageQueue]:
        """Commit what has changed; gives the queues whose offset is not kept now."""
        return await self._commit(list(self._pullers))

    def suspend(self) -> None:
        """Fetch no more for the time being."""
        self._suspended = True
        for puller in self._pullers.values():
            puller.suspend()

    def resume(self) -> None:
        """Fetch again."""
        self._suspended = False
        for puller in self._pullers.values():
            puller.resume()

    def resubscribe(self, subscription: Subscription) -> None:
        """Fetch what is wanted of a topic now; what was fetched before stays."""
        for queue, puller in self._pullers.items():
            if queue.topic == subscription.topic:
                puller.resubscribe(subscription)

    async def was_moved(self, queue: MessageQueue) -> bool:
        """Whether the group has committed more of a queue than we have done."""
        puller = self._pullers.get(queue)
        if puller is None:
            return True
        try:
            kept = await self._parts.offsets.read(queue)
        except Exception:
            return True  # nobody knows: begin anew with it
        return kept is not None and kept > puller.window.committable

    def stop(self) -> None:
        """Pull no more from any queue."""
        for puller in self._pullers.values():
            puller.stop()

    def discard(self, queue: MessageQueue) -> None:
        """Forget what was fetched of a queue and not begun: its offset was moved."""
        self._parts.inbox.discard(queue)

    def seek(self, queue: MessageQueue, offset: int) -> None:
        """Go on at another offset, also of a queue that is only being taken."""
        puller = self._pullers.get(queue)
        if puller is None:
            self._sought[queue] = offset
            return
        self._parts.inbox.discard(queue)
        puller.restart(offset)

    def forget_seeks(self, but_of: Collection[MessageQueue]) -> None:
        """Forget where to begin in queues that will not be taken after all."""
        for queue in [each for each in self._sought if each not in but_of]:
            del self._sought[queue]

    async def move(self, offsets: Mapping[MessageQueue, int]) -> None:
        """Go on at other offsets, because somebody has reset them."""
        for queue, offset in offsets.items():
            puller = self._pullers.get(queue)
            if puller is not None:
                self._parts.inbox.discard(queue)
                puller.restart(offset)
        await self.commit()

    def _forget(self, queue: MessageQueue) -> None:
        # a lock that was lost may have taken it away while its offset was committed
        self._pullers.pop(queue, None)
        self._committed.pop(queue, None)
        self._retired.discard(queue)
        self._share_limits()

    def _share_limits(self) -> None:
        """Let each queue have its part of what may be fetched in all."""
        parts = self._parts
        if parts.in_all is None or not self._pullers:
            return
        limits = parts.limits.shared(parts.in_all, len(self._pullers))
        for puller in self._pullers.values():
            puller.window.limits = limits

    async def _commit(self, queues: list[MessageQueue]) -> frozenset[MessageQueue]:
        # one after the other: an older offset must not come behind a newer one
        await self._committing.acquire()
        try:
            return await self._write(queues)
        finally:
            self._committing.release()

    async def _write(self, queues: list[MessageQueue]) -> frozenset[MessageQueue]:
        progress = {
            queue: self._pullers[queue].window.committable
            for queue in queues
            if queue in self._pullers
        }
        changed = {
            queue: offset
            for queue, offset in progress.items()
            if offset != self._committed[queue]
        }
        if not changed:
            return frozenset()
        now_s = self._parts.pulls.clock.seconds()
        for queue in changed:
            self._pullers[queue].last_ack_s = now_s
        safe = await self._parts.offsets.write(changed)
        for queue in safe:
            puller = self._pullers.get(queue)
            if puller is not None:
                self._committed[queue] = changed[queue]
                puller.carries_commits = self._parts.pulls_commit
        return frozenset(changed) - safe
