"""The queues of a consumer that is polled: shared out or chosen, paused, sought."""

from collections.abc import Callable, Collection, Iterable

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from twistedmq.client.assignment import Assignment, AssignmentParts, Membership
from twistedmq.client.hand_assignment import HandAssignment, HandParts
from twistedmq.client.heartbeats import Heartbeats
from twistedmq.client.interfaces import IQueueAllocation, Unsubscribe
from twistedmq.client.lite_pull_errors import NotAssignedError, SubscribedError
from twistedmq.client.offsets import BrokerOffsets
from twistedmq.client.owned import OwnedParts, OwnedQueues
from twistedmq.client.pausable_inbox import PausableInbox
from twistedmq.client.pulling import PullParts
from twistedmq.client.rates import Rates
from twistedmq.client.session import Session
from twistedmq.client.starting import Start, start_offset
from twistedmq.client.subscription import Subscription
from twistedmq.client.window import Limits
from twistedmq.protocol import names
from twistedmq.protocol.bodies.queues import MessageQueue

AssignedListener = Callable[[frozenset[MessageQueue]], object]
"""Is told of all queues that this member has now."""

_log = Logger()


class LiteRules(Struct, frozen=True):
    """How queues are got and read."""

    group: str
    subscriptions: dict[str, Subscription]
    """Empty: queues are chosen by hand."""
    start_from: Start
    limits: Limits
    in_all: Limits
    allocation: IQueueAllocation


class LiteQueues:
    """Has the queues that the group or the program gives it.

    Args:
        session: the connections.
        rules: see there.
        inbox: where messages arrive.
        heartbeats: tell brokers that this member is there.

    Attributes:
        owned: what it has now.
        rates: how fast it fetches, and how fast the program says that it is done.
    """

    def __init__(
        self,
        session: Session,
        rules: LiteRules,
        inbox: PausableInbox,
        heartbeats: Heartbeats,
    ) -> None:
        self._session = session
        self._rules = rules
        self._inbox = inbox
        self._heartbeats = heartbeats
        self._pulled = dict(rules.subscriptions)
        self._listeners: list[AssignedListener] = []
        self.rates = Rates(session.reactor)
        self.owned = self._make_owned()
        self._by_hand = HandAssignment(self._hand_parts())
        self._assignment = self._make_assignment()

    def start(self) -> Deferred[None]:
        """Fires when queues were taken for the first time."""
        self.rates.start()
        return (
            self._assignment if self._rules.subscriptions else self._by_hand
        ).start()

    async def stop(self) -> None:
        """Take in no more messages; what was given can still be acked."""
        self.rates.stop()
        await self._assignment.stop()
        await self._by_hand.stop()
        self.owned.stop()
        self._inbox.close()

    def rebalance(self) -> None:
        """Look soon whether the queues are still the right ones."""
        self._assignment.soon()

    def choose(self, queues: Iterable[MessageQueue], expression: str) -> Deferred[None]:
        """Have these queues; fires when each was tried once.

        Raises: SubscribedError, MessageIllegalError.
        """
        if self._rules.subscriptions:
            raise SubscribedError(list(self._rules.subscriptions))
        wanted = frozenset(queues)
        topics = {queue.topic for queue in wanted}
        for topic in topics:
            names.check_topic(topic)
        self.owned.forget_seeks(but_of=wanted)
        version = self._session.wall_ms()
        for topic in topics:
            subscription = Subscription.of(topic, expression, version)
            self._pulled[topic] = subscription
            self.owned.resubscribe(subscription)
        self._by_hand.want(wanted)
        return self._by_hand.round()

    def on_assigned(self, listener: AssignedListener) -> Unsubscribe:
        """Have *listener* called; gives what calls that off."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def must_have(self, queue: MessageQueue) -> None:
        """See that *queue* is one of these. Raises: NotAssignedError."""
        # one that is wanted may be sought before its broker was asked for its offset
        if not (queue in self.owned.pullers or queue in self._by_hand.wanted):
            raise NotAssignedError(queue)

    def position(self, queue: MessageQueue) -> int:
        """Give the offset of the next message to be given. Raises: NotAssignedError."""
        puller = self.owned.pullers.get(queue)
        if puller is None:
            raise NotAssignedError(queue)
        first = self._inbox.first_offset(queue)
        return puller.window.next_offset if first is None else first

    def pause(self, queue: MessageQueue) -> None:
        """Give and fetch nothing of *queue*, whether it is there or comes later."""
        self._inbox.pause(queue)
        if queue in self.owned.pullers:
            self.owned.pullers[queue].suspend()

    def resume(self, queue: MessageQueue) -> None:
        """Go on with *queue*."""
        self._inbox.resume(queue)
        if queue in self.owned.pullers:
            self.owned.pullers[queue].resume()

    async def _take(self, queue: MessageQueue) -> None:
        await self.owned.take(queue)
        if queue in self._inbox.paused and queue in self.owned.pullers:
            self.owned.pullers[queue].suspend()
        self._tell()

    async def _give_back(self, queue: MessageQueue) -> None:
        await self.owned.give_back(queue)
        self._tell()

    def _tell(self) -> None:
        queues = frozenset(self.owned.queues)
        for listener in list(self._listeners):
            try:
                listener(queues)
            except Exception:
                _log.failure("a listener for assigned queues failed")

    def _make_owned(self) -> OwnedQueues:
        session = self._session
        pulls = PullParts(
            group=self._rules.group,
            calls=session.calls,
            routes=session.routes,
            clock=session.reactor,
            deliver=self._inbox.put,
            moved=self._inbox.discard,
            unknown=self._heartbeats.introduce,
            subscribes=True,
            counts=self.rates.counts,
        )
        parts = OwnedParts(
            pulls,
            self._inbox,
            BrokerOffsets(self._rules.group, session.calls, session.routes),
            self._start_offset,
            self._rules.limits,
            self._rules.in_all,
            pulls_commit=False,
        )
        return OwnedQueues(parts, self._pulled)

    async def _start_offset(self, queue: MessageQueue) -> int:
        session = self._session
        return await start_offset(
            queue, self._rules.start_from, session.calls, session.routes
        )

    def _owned_queues(self) -> Collection[MessageQueue]:
        return self.owned.queues

    def _hand_parts(self) -> HandParts:
        session = self._session
        return HandParts(
            routes=session.routes,
            clock=session.reactor,
            owned=self._owned_queues,
            take=self._take,
            give_back=self._give_back,
        )

    def _make_assignment(self) -> Assignment:
        session, rules = self._session, self._rules
        parts = AssignmentParts(
            calls=session.calls,
            routes=session.routes,
            clock=session.reactor,
            random=session.random,
            heartbeat=self._heartbeats.beat,
            owned=self._owned_queues,
            take=self._take,
            give_back=self._give_back,
        )
        topics = rules.subscriptions.keys()
        allocation = session.allocation(rules.allocation)
        return Assignment(
            parts, Membership(rules.group, session.client_id, topics, allocation)
        )
