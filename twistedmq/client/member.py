"""One member of a group: the queues it has, their progress, and who is told of it."""

from collections.abc import Mapping

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from twistedmq.client.assignment import Assignment, AssignmentParts, Membership
from twistedmq.client.consumer_rules import ConsumerRules
from twistedmq.client.errors import (
    BrokerNotFoundError,
    RefusedError,
    RouteNotFoundError,
    SubscriptionRefusedError,
)
from twistedmq.client.identity import local_address
from twistedmq.client.inbox import Inbox
from twistedmq.client.interfaces import IOffsetStore
from twistedmq.client.locked_queues import LockedQueues
from twistedmq.client.locks import LockParts, QueueLocks
from twistedmq.client.namespaced import NamespacedOffsets
from twistedmq.client.offsets import BrokerOffsets, open_file_offsets, workers_of
from twistedmq.client.ordered_inbox import OrderedInbox
from twistedmq.client.owned import OwnedParts, OwnedQueues
from twistedmq.client.pulling import PullParts
from twistedmq.client.rates import Rates
from twistedmq.client.session import Session
from twistedmq.client.starting import heartbeat_value, start_offset
from twistedmq.client.subscription import TAG, Subscription
from twistedmq.protocol import names
from twistedmq.protocol.bodies.clients import ConsumerData, ConsumeType, HeartbeatData
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.subscriptions import CheckClientRequestBody
from twistedmq.protocol.headers.clients import UnregisterClientRequestHeader
from twistedmq.remoting.errors import RemotingError
from twistedmq.remoting.periodic import PeriodicCall

COMMIT_S = 5.0
DEFAULT_INSTANCE = "DEFAULT"

_log = Logger()


class GroupMember:
    """Joins a group, consumes the queues that are its share, and leaves again.

    Args:
        session: the connections.
        rules: how it consumes.
        subscriptions: topic to expression; the retry topic is added.

    Attributes:
        inbox: where messages arrive.
        owned: the queues.
        subscriptions: what it wants, by topic.
        rates: how fast it fetches and consumes.
    """

    def __init__(
        self, session: Session, rules: ConsumerRules, subscriptions: Mapping[str, str]
    ) -> None:
        self._session = session
        self._rules = rules
        self._stopped = False
        self.subscriptions = self._all_subscriptions(subscriptions)
        self._heartbeats = session.heartbeats(self._heartbeat, masters_only=False)
        self.locks = QueueLocks(
            LockParts(
                group=rules.group,
                client_id=session.client_id,
                calls=session.calls,
                routes=session.routes,
                clock=session.reactor,
            )
        )
        self.rates = Rates(session.reactor)
        self.inbox = self._make_inbox()
        self.owned = OwnedQueues(self._owned_parts(), self.subscriptions)
        self._locked = self._make_locked()
        self._assignment = self._make_assignment()
        self._commits = PeriodicCall(
            lambda: Deferred.fromCoroutine(self.owned.commit()), session.reactor
        )

    async def join(self) -> None:
        """Return when the queues were shared out for the first time."""
        for topic in list(self.subscriptions):
            await self._look_for(topic)
        await self._heartbeats.start(self._session.settings.heartbeat_s)
        for subscription in list(self.subscriptions.values()):
            await self._check(subscription)
        if self._stopped:
            return
        if self._locked is not None:
            self.locks.start()
        self._commits.start(COMMIT_S, now=False)
        self.rates.start()
        await self._assignment.start()

    async def subscribe(self, topic: str, expression: str) -> None:
        """Want a topic from now on, or something else of it; see ``Consumer``."""
        before = self.subscriptions.get(topic)
        # brokers believe the newest, and a clock may have been set back
        version = self._session.wall_ms()
        if before is not None:
            version = max(version, before.version + 1)
        subscription = Subscription.of(topic, expression, version)
        await self._look_for(topic)
        await self._check(subscription)
        if self._stopped:
            return
        self.subscriptions[topic] = subscription
        await self._heartbeats.beat()
        self.owned.resubscribe(subscription)
        await self._assignment.round()

    async def unsubscribe(self, topic: str) -> None:
        """Want nothing of a topic any more."""
        if self.subscriptions.pop(topic, None) is not None:
            await self._assignment.round()
            await self._heartbeats.beat()

    async def stop(self) -> None:
        """Take in no more messages; what is in work can still be acked."""
        self._stopped = True
        await self._assignment.stop()
        self.owned.stop()
        self.inbox.close()

    async def leave(self) -> None:
        """Commit, give up the locks, and tell the brokers."""
        if self._commits.running:
            self._commits.stop()
        self.rates.stop()
        await self.owned.commit()
        self.locks.stop()
        if self._locked is not None:
            await self._locked.release_all()
        farewell = UnregisterClientRequestHeader(
            client_id=self._session.client_id, consumer_group=self._rules.group
        )
        await self._session.close(farewell)

    def rebalance(self) -> None:
        """Look soon whether the queues are still the right ones."""
        self._assignment.soon()

    def _all_subscriptions(self, wanted: Mapping[str, str]) -> dict[str, Subscription]:
        version = self._session.wall_ms()
        expressions = dict(wanted)
        if self._rules.is_clustering:
            expressions[names.retry_topic(self._rules.group)] = "*"
        return {
            topic: Subscription.of(topic, expression, version)
            for topic, expression in expressions.items()
        }

    async def _look_for(self, topic: str) -> None:
        try:
            await self._session.routes.get(topic)
        except RouteNotFoundError:
            # brokers make a retry topic at the first heartbeat
            if not names.is_retry_topic(topic):
                _log.info("topic {topic} is not there yet", topic=topic)

    async def _check(self, subscription: Subscription) -> None:
        """Have the brokers of a topic look at a condition before it is relied on."""
        session = self._session
        route = session.routes.cached(subscription.topic)
        if subscription.expression_type == TAG or route is None:
            return
        check = CheckClientRequestBody(
            client_id=session.client_id,
            group=self._rules.group,
            subscription_data=subscription.data(),
        )
        for name in route.brokers:
            try:
                await session.calls.check_client(session.routes.address(name), check)
            except RefusedError as error:
                topic, condition = subscription.topic, subscription.expression
                raise SubscriptionRefusedError(topic, condition, error) from error
            except (RemotingError, BrokerNotFoundError) as error:
                # it will say so itself when it is asked for messages
                _log.warn(
                    "{broker} was not asked: {error}", broker=name, error=str(error)
                )

    def _heartbeat(self) -> HeartbeatData:
        rules = self._rules
        consumer = ConsumerData(
            group_name=rules.group,
            consume_type=ConsumeType.CONSUME_PASSIVELY,
            message_model=rules.model,
            consume_from_where=heartbeat_value(rules.start_from),
            subscription_data_set=[each.data() for each in self.subscriptions.values()],
        )
        client_id = self._session.client_id
        return HeartbeatData(client_id=client_id, consumer_data_set=[consumer])

    async def _start_offset(self, queue: MessageQueue) -> int:
        session = self._session
        return await start_offset(
            queue, self._rules.start_from, session.calls, session.routes
        )

    def _offset_store(self) -> IOffsetStore:
        session, rules = self._session, self._rules
        if rules.is_clustering:
            return BrokerOffsets(rules.group, session.calls, session.routes)
        name = session.settings.instance_name or DEFAULT_INSTANCE
        instance = f"{local_address()}@{name}"
        workers = workers_of(session.reactor)
        namespace = session.namespace
        group = rules.group if namespace is None else namespace.group(rules.group)
        offsets = open_file_offsets(rules.offsets_directory, instance, group, workers)
        return offsets if namespace is None else NamespacedOffsets(offsets, namespace)

    def _make_inbox(self) -> Inbox:
        if not self._rules.orderly:
            return Inbox()
        may_begin = self.locks.holds if self._rules.locks_queues else lambda queue: True
        return OrderedInbox(self._session.reactor, may_begin)

    def _owned_parts(self) -> OwnedParts:
        session = self._session
        pulls = PullParts(
            group=self._rules.group,
            calls=session.calls,
            routes=session.routes,
            clock=session.reactor,
            deliver=self.inbox.put,
            moved=self.inbox.discard,
            unknown=self._heartbeats.introduce,
            broke_off=lambda queue: self.locks.doubt(queue.broker_name),
            counts=self.rates.counts,
        )
        return OwnedParts(
            pulls,
            self.inbox,
            self._offset_store(),
            self._start_offset,
            self._rules.prefetch,
            self._rules.prefetch_in_all,
            pulls_commit=self._rules.is_clustering,
        )

    def _make_locked(self) -> LockedQueues | None:
        if not (self._rules.locks_queues and isinstance(self.inbox, OrderedInbox)):
            return None
        return LockedQueues(self.owned, self.inbox, self.locks, self.rebalance)

    def _make_assignment(self) -> Assignment:
        session, rules = self._session, self._rules
        takes = self._locked or self.owned
        parts = AssignmentParts(
            calls=session.calls,
            routes=session.routes,
            clock=session.reactor,
            random=session.random,
            heartbeat=self._heartbeats.beat,
            owned=lambda: self.owned.queues,
            take=takes.take,
            give_back=takes.give_back,
        )
        membership = Membership(
            rules.group,
            session.client_id,
            self.subscriptions.keys(),
            session.allocation(rules.allocation) if rules.is_clustering else None,
        )
        return Assignment(parts, membership)
