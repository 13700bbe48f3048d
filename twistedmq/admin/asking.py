"""Asking the brokers that have a topic."""

from collections.abc import Mapping
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, DeferredList, gatherResults

from twistedmq.admin.cluster import Cluster
from twistedmq.client.calls import BrokerCalls
from twistedmq.client.deferreds import unwrapped
from twistedmq.client.errors import BrokerNotFoundError, RouteNotFoundError
from twistedmq.client.routing import MASTER_ID, Routes, TopicRoute
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.headers.base import Header
from twistedmq.remoting.errors import RemotingError

T = TypeVar("T")

Silent = dict[str, TwistedMQError]
"""Brokers that do not answer, by name, and why."""


class Asking:
    """Whom an operator's question goes to.

    Calls fail with NoNameServerError, RefusedError or an error of the remoting room.

    Args:
        cluster: knows which brokers there are.
        routes: know which of them have a topic.
        calls: how to ask one.
    """

    def __init__(self, cluster: Cluster, routes: Routes, calls: BrokerCalls) -> None:
        self.cluster = cluster
        self.routes = routes
        self.calls = calls

    async def brokers_of(self, *topics: str) -> dict[str, str]:
        """Give an address of each broker that has the first of *topics* with a route.

        That of its master, and of a slave where that is gone; by the broker's name.
        Fails with RouteNotFoundError where none of them has a route.
        """
        return addresses_of(await self.route(*topics))

    async def route(self, *topics: str) -> TopicRoute:
        """Give the route of the first of *topics* that has one."""
        missing: RouteNotFoundError | None = None
        for topic in topics:
            # what an operator is shown had better be how it is now
            try:
                return await self.routes.refresh(topic)
            except RouteNotFoundError as error:
                missing = error
        assert missing is not None, "a topic at least"
        raise missing

    async def address_of(self, queue: MessageQueue, route_of: str | None = None) -> str:
        """Give where a queue is, by the route of its topic, or of *route_of*.

        Fails with BrokerNotFoundError.
        """
        route = await self.routes.get(route_of or queue.topic)
        return _there(addresses_of(route).get(queue.broker_name), queue)

    async def master_of(self, queue: MessageQueue) -> str:
        """Give where the master of a queue is: a slave does not keep what it is told.

        Fails with BrokerNotFoundError.
        """
        route = await self.routes.get(queue.topic)
        members = route.brokers.get(queue.broker_name, {})
        return _there(members.get(MASTER_ID), queue)

    async def body(
        self, address: str, code: int, header: Header | None, kind: type[T]
    ) -> T:
        """Ask one broker and read what its answer carries."""
        answer = await self.calls.ask(address, code, header)
        return loose_json.decode(answer.body, type=kind)

    async def bodies(
        self, brokers: Mapping[str, str], code: int, header: Header, kind: type[T]
    ) -> dict[str, T]:
        """Ask all *brokers* (address by name) at once; fails with the first error."""
        asked = [
            Deferred.fromCoroutine(self.body(address, code, header, kind))
            for address in brokers.values()
        ]
        answers = await unwrapped(gatherResults(asked, consumeErrors=True))
        return dict(zip(brokers, answers, strict=True))


def _there(address: str | None, queue: MessageQueue) -> str:
    if address is None:
        raise BrokerNotFoundError(queue.broker_name)
    return address


def addresses_of(route: TopicRoute) -> dict[str, str]:
    """Give an address of each broker of *route*: its master's, or any."""
    return {
        name: members[min(members)]
        for name, members in sorted(route.brokers.items())
        if members
    }


async def answers_of(
    asked: Mapping[str, Deferred[T]], silent: Silent | None = None
) -> dict[str, T]:
    """Give what brokers answered, by name.

    Those that do not answer, or are known nowhere now, go to *silent*, with the reason.
    Without it that is an error, as is a refusal.
    """
    outcomes: list[tuple[bool, Any]] = await DeferredList(
        [*asked.values()], consumeErrors=True
    )
    found: dict[str, T] = {}
    for name, (is_good, outcome) in zip(asked, outcomes, strict=True):
        if is_good:
            found[name] = outcome
            continue
        error = outcome.value
        if silent is None or not isinstance(error, RemotingError | BrokerNotFoundError):
            raise error
        silent[name] = error
    return found
