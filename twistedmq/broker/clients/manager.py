"""All clients of this broker: who is in which group, and what each group wants.

Pure but for the connections it holds; time comes in as numbers.
"""

from collections.abc import Callable, Iterable, Mapping

from twistedmq.broker.clients.agreement import wish_of
from twistedmq.broker.clients.consumer_group import (
    ConsumerGroup,
    Member,
    Subscription,
)
from twistedmq.filter.expressions import Expressions
from twistedmq.filter.interfaces import ExpressionError
from twistedmq.protocol.bodies import ConsumerData, SubscriptionData
from twistedmq.remoting.interfaces import IConnection

ChangeListener = Callable[[ConsumerGroup], None]
"""Told of a group whose members or topics changed, and that wants to be told."""


class ClientManager:
    """Knows producers and consumers from their heartbeats.

    A closed connection takes its clients out at once; a silent one when ``expire`` is
    called. The cost of either depends on the groups of that connection alone.
    """

    def __init__(self, expressions: Expressions) -> None:
        """Compile subscriptions with *expressions*."""
        self._expressions = expressions
        self._consumers: dict[str, ConsumerGroup] = {}
        self._producers: dict[str, dict[IConnection, Member]] = {}
        self._producer_of: dict[str, IConnection] = {}
        self._groups_of_topic: dict[str, set[str]] = {}
        self._of_connection: dict[IConnection, tuple[set[str], set[str]]] = {}
        self._quiet: set[str] = set()
        self._pulled: dict[tuple[str, str], Subscription] = {}
        self._pulled_before: dict[tuple[str, str], Subscription] = {}
        self._listeners: list[ChangeListener] = []
        self._watchers: list[ChangeListener] = []
        self._turn = 0

    def on_change(self, listener: ChangeListener) -> None:
        """Have *listener* told of groups whose members should rebalance."""
        self._listeners.append(listener)

    def on_wishes(self, watcher: ChangeListener) -> None:
        """Have *watcher* told of groups whose members agree or differ in a new way."""
        self._watchers.append(watcher)

    # Consumers

    def consumer_groups(self) -> Mapping[str, ConsumerGroup]:
        """Give all groups with a member, by name."""
        return self._consumers

    def consumer_group(self, group: str) -> ConsumerGroup | None:
        """Give a group; None if it has no member."""
        return self._consumers.get(group)

    def consumer_ids(self, group: str) -> list[str]:
        """Give the client ids of a group's members."""
        known = self._consumers.get(group)
        return [] if known is None else known.client_ids()

    def find_consumer(self, group: str, client_id: str) -> Member | None:
        """Find a member of a group by its client id."""
        known = self._consumers.get(group)
        return None if known is None else known.find(client_id)

    def compile(self, data: SubscriptionData) -> Subscription:
        """Compile what a client subscribed to; a wrong expression has no filter."""
        try:
            wanted = self._expressions.compile(data.expression_type, data.sub_string)
        except ExpressionError:
            return Subscription(data, None)
        return Subscription(data, wanted)

    def register_consumer(
        self, data: ConsumerData, member: Member, *, notify: bool, without_topics: bool
    ) -> bool:
        """Note what a heartbeat says of one group; whether that changed the group.

        Args:
            data: the group, and its topics unless *without_topics* (a heartbeat that
                leaves out what has not changed).
            member: who sent it.
            notify: whether members of this group want to be told of changes.
            without_topics: keep the known topics.
        """
        group = self._consumers.get(data.group_name)
        if group is None:
            group = self._consumers[data.group_name] = ConsumerGroup(data.group_name)
        group.consume_type = data.consume_type
        group.message_model = data.message_model
        group.consume_from_where = data.consume_from_where
        self._quiet.discard(group.name) if notify else self._quiet.add(group.name)
        changed = group.update_member(member)
        if changed:
            self._groups_on(member.connection)[0].add(group.name)
        if not without_topics:
            changed |= self._subscribe(group, data.subscription_data_set)
            wish = wish_of(data.subscription_data_set)
            if group.wishes.note(member.connection, wish):
                self._watch(group)
        if changed:
            self._tell(group)
        return changed

    def unregister_consumer(self, group: str, connection: IConnection) -> None:
        """Take a member out at its own wish."""
        self._remove_consumer(group, connection)
        if connection in self._of_connection:
            self._of_connection[connection][0].discard(group)

    # Subscriptions

    def subscription(self, group: str, topic: str) -> Subscription | None:
        """Give what a group wants of a topic: by heartbeat, else by its pulls."""
        known = self._consumers.get(group)
        found = None if known is None else known.subscriptions.get(topic)
        if found is not None:
            return found
        key = (topic, group)
        return self._pulled.get(key) or self._pulled_before.get(key)

    def subscription_count(self, group: str) -> int:
        """Count the topics of a group that has members."""
        known = self._consumers.get(group)
        return 0 if known is None else len(known.subscriptions)

    def note_pulled(self, group: str, topic: str, subscription: Subscription) -> None:
        """Remember what a group without heartbeat asked for in a pull."""
        self._pulled[(topic, group)] = subscription

    def groups_of_topic(self, topic: str) -> set[str]:
        """Give the groups whose members subscribe to *topic*."""
        return set(self._groups_of_topic.get(topic, ()))

    # Producers

    def producer_groups(self) -> Mapping[str, Mapping[IConnection, Member]]:
        """Give all producers by group."""
        return self._producers

    def producers(self, group: str) -> list[Member]:
        """Give the members of a producer group."""
        return list(self._producers.get(group, {}).values())

    def next_producer(self, group: str) -> Member | None:
        """Give one member of a producer group, another one each time."""
        members = self.producers(group)
        if not members:
            return None
        self._turn += 1
        return members[self._turn % len(members)]

    def find_producer(self, client_id: str) -> IConnection | None:
        """Find the connection of a producing client (every client is one)."""
        return self._producer_of.get(client_id)

    def register_producer(self, group: str, member: Member) -> None:
        """Note a heartbeat of a producer."""
        members = self._producers.setdefault(group, {})
        known = members.get(member.connection)
        if known is not None:
            known.seen_s = member.seen_s
            return
        members[member.connection] = member
        self._producer_of[member.client_id] = member.connection
        self._groups_on(member.connection)[1].add(group)

    def unregister_producer(self, group: str, connection: IConnection) -> None:
        """Take a producer out at its own wish."""
        if connection in self._of_connection:
            self._of_connection[connection][1].discard(group)
        self._remove_producer(group, connection)

    # Leaving

    def connection_lost(self, connection: IConnection) -> None:
        """Take everybody out who was reached over *connection*."""
        consumers, producers = self._of_connection.pop(connection, ((), ()))
        for group in list(consumers):
            self._remove_consumer(group, connection)
        for group in list(producers):
            self._remove_producer(group, connection)

    def expire(self, silent_since_s: float) -> list[Member]:
        """Take out who was last heard of before *silent_since_s*; gives them.

        Their connections are closed, which tells the rest of the house.
        """
        gone = {
            connection: member
            for members in self._all_members()
            for connection, member in members.items()
            if member.seen_s < silent_since_s
        }
        for connection in gone:
            self.connection_lost(connection)
            connection.close("no heartbeat for too long")
        return list(gone.values())

    def forget_old_pulls(self) -> None:
        """Forget what pulls subscribed to before the last call of this."""
        self._pulled_before, self._pulled = self._pulled, {}

    # Inside

    def _all_members(self) -> Iterable[dict[IConnection, Member]]:
        yield from (group.members for group in self._consumers.values())
        yield from self._producers.values()

    def _groups_on(self, connection: IConnection) -> tuple[set[str], set[str]]:
        """Give the consumer and the producer groups reached over *connection*."""
        known = self._of_connection.get(connection)
        if known is None:
            known = self._of_connection[connection] = (set(), set())
            connection.on_close(self.connection_lost)
        return known

    def _subscribe(
        self, group: ConsumerGroup, wanted: Iterable[SubscriptionData]
    ) -> bool:
        known = group.subscriptions
        fresh = [
            known[data.topic]
            if data.topic in known and known[data.topic].data == data
            else self.compile(data)
            for data in wanted
        ]
        before = set(known)
        changed = group.update_subscriptions(fresh)
        for topic in known.keys() - before:
            self._groups_of_topic.setdefault(topic, set()).add(group.name)
        self._unsubscribe(group.name, before - known.keys())
        return changed

    def _unsubscribe(self, group: str, topics: Iterable[str]) -> None:
        for topic in topics:
            groups = self._groups_of_topic.get(topic)
            if groups is not None:
                groups.discard(group)
                if not groups:
                    del self._groups_of_topic[topic]

    def _remove_consumer(self, name: str, connection: IConnection) -> None:
        group = self._consumers.get(name)
        if group is None or group.members.pop(connection, None) is None:
            return
        if group.wishes.forget(connection):
            self._watch(group)
        if group.members:
            self._tell(group)
        else:
            del self._consumers[name]
            self._quiet.discard(name)
            self._unsubscribe(name, group.subscriptions)

    def _remove_producer(self, group: str, connection: IConnection) -> None:
        members = self._producers.get(group, {})
        gone = members.pop(connection, None)
        if gone is None:
            return
        if not members:
            del self._producers[group]
        produces_for = self._of_connection.get(connection, ((), ()))[1]
        if not produces_for and self._producer_of.get(gone.client_id) is connection:
            del self._producer_of[gone.client_id]

    def _watch(self, group: ConsumerGroup) -> None:
        for watcher in self._watchers:
            watcher(group)

    def _tell(self, group: ConsumerGroup) -> None:
        if group.is_broadcast or group.name in self._quiet:
            return
        for listener in self._listeners:
            listener(group)
