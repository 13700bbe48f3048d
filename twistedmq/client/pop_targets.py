"""Where a member pops: at all brokers of its topics, or where the brokers send it."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from msgspec import Struct
from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from twistedmq.client.pop_calls import PopCalls
from twistedmq.client.reactor import Clock
from twistedmq.client.rounds import Rounds
from twistedmq.client.routing import MASTER_ID, Routes
from twistedmq.protocol.bodies.assignments import QueryAssignmentRequestBody
from twistedmq.protocol.bodies.clients import MessageModel
from twistedmq.protocol.bodies.queues import MessageQueue

ANY_QUEUE: Final = -1
PERIOD_S: Final = 20.0
STRATEGY: Final = "AVG"

_log = Logger()


class Targets(Protocol):
    """Gives where to pop now."""

    def current(self) -> Sequence[MessageQueue]:
        """Give queues; number -1 is any queue of that broker."""

    def start(self) -> Deferred[None]:
        """Fires when it is known where to begin."""

    def stop(self) -> None:
        """Look no further."""

    def soon(self) -> None:
        """Look again: somebody joined or left the group."""


class RouteTargets:
    """Any queue of each broker that has one of the topics to read."""

    def __init__(self, routes: Routes, topics: Sequence[str]) -> None:
        self._routes = routes
        self._topics = topics

    def current(self) -> Sequence[MessageQueue]:
        """Give one target a topic and broker."""
        targets = []
        for topic in self._topics:
            route = self._routes.cached(topic)
            if route is None:
                continue
            names = dict.fromkeys(each.broker_name for each in route.subscribable)
            targets += [
                MessageQueue(topic, name, ANY_QUEUE)
                for name in names
                if MASTER_ID in route.brokers.get(name, {})
            ]
        return targets

    def start(self) -> Deferred[None]:
        """Do nothing: routes are followed in any case."""
        return succeed(None)

    def stop(self) -> None:
        """Do nothing."""

    def soon(self) -> None:
        """Do nothing: all members pop everywhere."""


class AssignmentParts(Struct, frozen=True):
    """What asking for an assignment needs of its surroundings."""

    group: str
    client_id: str
    calls: PopCalls
    routes: Routes
    clock: Clock
    heartbeat: Callable[[], object]


class AssignedTargets:
    """What a broker of each topic says that this member is to consume.

    It is asked every 20 s, when the group has changed, and soon again after trouble;
    until it answers, what was said before holds.
    """

    def __init__(self, parts: AssignmentParts, topics: Sequence[str]) -> None:
        self._parts = parts
        self._topics = topics
        self._assigned: dict[str, list[MessageQueue]] = {}
        self._rounds = Rounds(
            self._ask_all, parts.clock, "asking for an assignment", PERIOD_S
        )

    def current(self) -> Sequence[MessageQueue]:
        """Give the queues of all topics."""
        return [queue for queues in self._assigned.values() for queue in queues]

    def start(self) -> Deferred[None]:
        """Fires when all topics were asked for once, whatever came of it."""
        return self._rounds.start()

    def stop(self) -> None:
        """Ask no more."""
        self._rounds.stop()

    def soon(self) -> None:
        """Ask now, or after the round that runs."""
        self._rounds.soon()

    async def _ask_all(self) -> bool:
        return all([await self._ask(topic) for topic in self._topics])

    async def _ask(self, topic: str) -> bool:
        parts = self._parts
        body = QueryAssignmentRequestBody(
            client_id=parts.client_id,
            consumer_group=parts.group,
            message_model=MessageModel.CLUSTERING,
            strategy_name=STRATEGY,
            topic=topic,
        )
        try:
            route = await parts.routes.get(topic)
            for broker_name in route.brokers:
                address = parts.routes.address(broker_name)
                found = await parts.calls.assignment(address, body)
                if found is not None:
                    self._assigned[topic] = [each.message_queue for each in found]
                    return True
        except Exception as error:
            _log.warn(
                "{group}: what is to be consumed of {topic} is not known now: {error}",
                group=parts.group,
                topic=topic,
                error=str(error),
            )
        parts.heartbeat()
        return False
