"""Consumer groups: who is in them, what they want, how far they are."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct, field

from twistedmq.admin.asking import Silent, answers_of
from twistedmq.admin.cluster import Cluster
from twistedmq.client.calls import BrokerCalls
from twistedmq.client.deferreds import gives_deferred
from twistedmq.client.errors import RefusedError
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.clients import ConsumerConnection
from twistedmq.protocol.bodies.groups import (
    ConsumeStats,
    OffsetWrapper,
    SubscriptionGroupWrapper,
)
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.watched import (
    SubscriptionOpinion,
    WatchedConsumerConnection,
)
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.headers.clients import GetConsumerConnectionListRequestHeader
from twistedmq.protocol.headers.groups import GetConsumeStatsRequestHeader
from twistedmq.protocol.names import (
    PREDEFINED_GROUPS,
    is_retry_topic,
    is_system_group,
)

_HOW: Final = {
    "CONSUME_PASSIVELY": "push",
    "CONSUME_ACTIVELY": "pull",
    "CONSUME_POP": "pop",
}


def how_consumed(kind: str) -> str:
    """Give the word for how a group consumes: push, pull or pop."""
    return _HOW.get(kind, kind)


class GroupMember(Struct, frozen=True):
    """One client of a group."""

    client_id: str
    address: str
    language: str
    brokers: tuple[str, ...]
    """Which brokers it has told of itself."""


class GroupState(Struct, frozen=True):
    """A consumer group as its brokers see it together."""

    name: str
    model: str = ""
    """CLUSTERING or BROADCASTING; empty while nobody is there."""
    consumes: str = ""
    """CONSUME_PASSIVELY (push), CONSUME_ACTIVELY (pull), CONSUME_POP."""
    members: tuple[GroupMember, ...] = ()
    subscriptions: dict[str, str] = field(default_factory=dict)
    """Expression by topic, as the broker filters now."""
    differences: tuple[SubscriptionOpinion, ...] = ()
    """Who wants what of the topics about which members differ."""
    locked: dict[str, list[MessageQueue]] = field(default_factory=dict)
    """Queues that are locked for a client (consumption in order), by client id."""
    lag: dict[str, int] = field(default_factory=dict)
    """Messages that are stored and not yet consumed, by topic."""

    @property
    def whole_lag(self) -> int:
        """Give the lag of all topics."""
        return sum(self.lag.values())


class Groups:
    """The consumer groups of one cluster.

    Calls fail with NoNameServerError, RefusedError or an error of the remoting room.
    """

    def __init__(self, cluster: Cluster, calls: BrokerCalls) -> None:
        self._cluster = cluster
        self._calls = calls

    @gives_deferred
    async def names(
        self, *, system: bool = False, silent: Silent | None = None
    ) -> list[str]:
        """Give the names of all groups, sorted.

        Args:
            system: also those of the system.
            silent: gets the brokers that do not answer, whose groups are missing then;
                those in it already are not asked. None: that is an error.
        """
        code = RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG
        masters = await self._cluster.masters()
        asked = {name: self._calls.ask(at, code) for name, at in masters.items()}
        found: set[str] = set()
        for answer in (await answers_of(asked, silent)).values():
            body = loose_json.decode(answer.body, type=SubscriptionGroupWrapper)
            found |= body.subscription_group_table.keys()
        if not system:
            found -= PREDEFINED_GROUPS
            found -= {name for name in found if is_system_group(name)}
        return sorted(found)

    @gives_deferred
    async def state(self, group: str, *, silent: Silent | None = None) -> GroupState:
        """Give what all masters know of *group*; *silent* as for ``names``.

        Differences and locks are told by brokers of this house only.
        """
        masters = await self._cluster.masters()
        asked = {
            name: self._known(address, group)
            for name, address in masters.items()
            if name not in (silent or ())  # it would be waited for once more
        }
        seen: dict[str, WatchedConsumerConnection] = {}
        lag: dict[str, int] = {}
        for name, (connection, stats) in (await answers_of(asked, silent)).items():
            if connection is not None:
                seen[name] = connection
            for queue, offsets in stats.items():
                behind = offsets.broker_offset - offsets.consumer_offset
                lag[queue.topic] = lag.get(queue.topic, 0) + max(behind, 0)
        return _joined(group, seen, lag)

    @gives_deferred
    async def _known(
        self, address: str, group: str
    ) -> tuple[WatchedConsumerConnection | None, dict[MessageQueue, OffsetWrapper]]:
        """Give what one broker knows: the members, and how far they are."""
        connection = await self._connection(address, group)
        return connection, await self._stats(address, group)

    async def _connection(
        self, address: str, group: str
    ) -> WatchedConsumerConnection | None:
        header = GetConsumerConnectionListRequestHeader(consumer_group=group)
        code = RequestCode.GET_CONSUMER_CONNECTION_LIST
        try:
            answer = await self._calls.ask(address, code, header)
        except RefusedError as error:
            if error.code != ResponseCode.CONSUMER_NOT_ONLINE:
                raise
            return None  # nobody of the group is there
        return loose_json.decode(answer.body, type=WatchedConsumerConnection)

    async def _stats(
        self, address: str, group: str
    ) -> dict[MessageQueue, OffsetWrapper]:
        header = GetConsumeStatsRequestHeader(consumer_group=group)
        code = RequestCode.GET_CONSUME_STATS
        answer = await self._calls.ask(address, code, header)
        return loose_json.decode(answer.body, type=ConsumeStats).offset_table


def _joined(
    group: str, seen: dict[str, WatchedConsumerConnection], lag: dict[str, int]
) -> GroupState:
    """Put together what each broker said."""
    if not seen:
        return GroupState(group, lag=lag)
    first: ConsumerConnection = next(iter(seen.values()))
    locked: dict[str, list[MessageQueue]] = {}
    for each in seen.values():
        for client, queues in each.locked_queues.items():
            locked.setdefault(client, []).extend(queues)
    return GroupState(
        group,
        model=first.message_model.value,
        consumes=first.consume_type.value,
        members=tuple(_members(seen)),
        subscriptions={
            topic: data.sub_string or "*"
            for each in seen.values()
            for topic, data in each.subscription_table.items()
            if not is_retry_topic(topic)
        },
        differences=tuple(_differences(seen.values())),
        locked=locked,
        lag=lag,
    )


def _members(seen: dict[str, WatchedConsumerConnection]) -> list[GroupMember]:
    brokers: dict[str, list[str]] = {}
    members: dict[str, GroupMember] = {}
    for name, connection in seen.items():
        for each in connection.connection_set:
            brokers.setdefault(each.client_id, []).append(name)
            members[each.client_id] = GroupMember(
                each.client_id,
                each.client_addr,
                each.language,
                tuple(brokers[each.client_id]),
            )
    return sorted(members.values(), key=lambda member: member.client_id)


def _differences(
    seen: Iterable[WatchedConsumerConnection],
) -> list[SubscriptionOpinion]:
    clients: dict[tuple[str, str, str], set[str]] = {}
    for connection in seen:
        for each in connection.subscription_differences:
            key = (each.topic, each.expression_type, each.expression)
            clients.setdefault(key, set()).update(each.client_ids)
    return [
        SubscriptionOpinion(
            topic=topic,
            expression_type=kind,
            expression=text,
            client_ids=sorted(ids),
        )
        for (topic, kind, text), ids in sorted(clients.items())
    ]
