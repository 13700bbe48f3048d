"""Keeping a consumer's queues what they should be, while members and routes change."""

from collections.abc import Awaitable, Callable, Collection, Iterable
from random import Random

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from twistedmq.client.calls import BrokerCalls
from twistedmq.client.errors import (
    BrokerNotFoundError,
    ClientError,
    RefusedError,
    RouteNotFoundError,
)
from twistedmq.client.interfaces import IQueueAllocation
from twistedmq.client.locked_queues import StillInWorkError
from twistedmq.client.locks import QueueLockedError
from twistedmq.client.reactor import Clock
from twistedmq.client.rebalance import BrokerAllocation, compare, share_of
from twistedmq.client.rounds import Rounds
from twistedmq.client.routing import MASTER_ID, Routes, TopicRoute
from twistedmq.protocol.bodies.assignments import (
    MessageRequestMode,
    QueryAssignmentRequestBody,
)
from twistedmq.protocol.bodies.clients import MessageModel
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.names import is_retry_topic

PERIOD_S = 20.0

_log = Logger()


class PoppedError(ClientError):
    """Brokers were told that a group pops a topic, and this consumer pulls."""

    def __init__(self, group: str, topic: str) -> None:
        """Keep the group and the topic."""
        super().__init__(f"{group!r} is set to pop {topic!r}, a push consumer pulls")
        self.group = group
        self.topic = topic


class Membership(Struct, frozen=True):
    """Who this consumer is among others, and what it wants."""

    group: str
    client_id: str
    topics: Collection[str]
    """May be a live view: the queues of what is not in it any more are given back."""
    allocation: IQueueAllocation | None
    """None: every member consumes all queues (broadcasting)."""


class AssignmentParts(Struct, frozen=True):
    """What keeping the assignment needs of its surroundings."""

    calls: BrokerCalls
    routes: Routes
    clock: Clock
    random: Random
    heartbeat: Callable[[], Awaitable[None]]
    owned: Callable[[], Collection[MessageQueue]]
    take: Callable[[MessageQueue], Awaitable[None]]
    """Begins to consume a queue; fails where that cannot be done now."""
    give_back: Callable[[MessageQueue], Awaitable[None]]
    """Stops consuming a queue and commits what was done; never fails."""


class Assignment:
    """Rebalances every 20 s, when asked to, and soon again after something went wrong.

    What stays is never touched; what goes is given back before anything is taken.
    """

    def __init__(self, parts: AssignmentParts, membership: Membership) -> None:
        self._parts = parts
        self._membership = membership
        self._rounds = Rounds(self._rebalance, parts.clock, "a rebalance", PERIOD_S)
        parts.routes.on_change(self._route_changed)

    def start(self) -> Deferred[None]:
        """Fires when the first round is over, whatever came of it."""
        return self._rounds.start()

    def stop(self) -> Deferred[None]:
        """Begin no more rounds; fires when the one that runs is over."""
        return self._rounds.stop()

    def soon(self) -> None:
        """Begin a round now, or after the one that runs."""
        self._rounds.soon()

    def round(self) -> Deferred[None]:
        """Fires when a round that begins from here on is over, whatever came of it."""
        return self._rounds.round()

    def _route_changed(self, topic: str) -> None:
        if topic in self._membership.topics:
            self._rounds.soon()

    async def _rebalance(self) -> bool:
        """Do one round; gives whether all topics are as they should be."""
        topics = list(self._membership.topics)
        for queue in list(self._parts.owned()):
            if queue.topic not in topics:
                await self._parts.give_back(queue)
        good = [await self._rebalance_topic(topic) for topic in topics]
        return all(good)

    async def _rebalance_topic(self, topic: str) -> bool:
        try:
            route = await self._parts.routes.get(topic)
        except RouteNotFoundError:
            # it will be asked for again by itself; retry topics often come late
            return True
        except Exception as error:
            self._complain(topic, error)
            return False
        try:
            wanted = await self._wanted(route)
        except Exception as error:
            self._complain(topic, error)
            return False
        if wanted is None:
            await self._parts.heartbeat()
            return False
        return await self._change(topic, wanted)

    async def _wanted(self, route: TopicRoute) -> frozenset[MessageQueue] | None:
        """Give the queues to consume; None where the broker does not know us yet."""
        mine = self._membership
        if mine.allocation is None:
            return frozenset(route.subscribable)
        if not route.subscribable:
            return frozenset()
        address = self._any_address(route)
        if isinstance(mine.allocation, BrokerAllocation):
            try:
                return await self._told(address, route.topic, mine.allocation.name)
            except RefusedError as error:
                if error.code != ResponseCode.REQUEST_CODE_NOT_SUPPORTED:
                    raise
        members = await self._parts.calls.members(address, mine.group)
        return share_of(mine.allocation, mine.client_id, members, route.subscribable)

    async def _told(
        self, address: str, topic: str, strategy: str
    ) -> frozenset[MessageQueue] | None:
        """Have a broker give the queues; None where it cannot tell now."""
        wish = QueryAssignmentRequestBody(
            client_id=self._membership.client_id,
            consumer_group=self._membership.group,
            message_model=MessageModel.CLUSTERING,
            strategy_name=strategy,
            topic=topic,
        )
        told = await self._parts.calls.assignment(address, wish)
        if told is None:
            return None
        if any(each.mode == MessageRequestMode.POP for each in told):
            raise PoppedError(self._membership.group, topic)
        return frozenset(each.message_queue for each in told)

    def _any_address(self, route: TopicRoute) -> str:
        """Give a broker of the topic that can say who is in the group."""
        sets = [members for members in route.brokers.values() if members]
        if not sets:
            raise BrokerNotFoundError(route.topic)
        members = self._parts.random.choice(sets)
        return members.get(MASTER_ID) or next(iter(members.values()))

    async def _change(self, topic: str, wanted: frozenset[MessageQueue]) -> bool:
        owned = [queue for queue in self._parts.owned() if queue.topic == topic]
        change = compare(owned, wanted)
        if change:
            _log.info(
                "{group}: {topic} gained {gained} queues, lost {lost}, has {total}",
                group=self._membership.group,
                topic=topic,
                gained=len(change.gained),
                lost=len(change.lost),
                total=len(wanted),
            )
        for queue in change.lost:
            await self._parts.give_back(queue)
        return await self._take_all(change.gained)

    async def _take_all(self, queues: Iterable[MessageQueue]) -> bool:
        good = True
        for queue in queues:
            if not self._rounds.running:
                return True
            try:
                await self._parts.take(queue)
            except (QueueLockedError, StillInWorkError) as error:
                # its owner gives it up when it hears of us, and has nothing in work
                _log.debug("not yet: {reason}", reason=str(error))
                good = False
            except Exception as error:
                self._complain(str(queue), error)
                good = False
        return good

    def _complain(self, what: str, error: Exception) -> None:
        if not is_retry_topic(what):
            _log.warn("rebalancing {what}: {error}", what=what, error=str(error))
