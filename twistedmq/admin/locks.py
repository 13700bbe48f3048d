"""Queues that are locked for one client of a group (consumption in order)."""

from collections.abc import Iterable

from msgspec import Struct
from twisted.internet.defer import gatherResults

from twistedmq.admin.asking import Asking
from twistedmq.admin.groups import Groups
from twistedmq.client.deferreds import gives_deferred, unwrapped
from twistedmq.client.errors import BrokerNotFoundError
from twistedmq.protocol.bodies.queues import MessageQueue


class QueueLock(Struct, frozen=True):
    """Who holds a queue."""

    queue: MessageQueue
    client_id: str
    is_connected: bool
    """Whether the client is a member of the group now."""


class Locks:
    """The locks of a group, as masters keep them.

    Calls fail with RouteNotFoundError, BrokerNotFoundError, RefusedError,
    NoNameServerError or an error of the remoting room.
    """

    def __init__(self, asking: Asking, groups: Groups) -> None:
        self._asking = asking
        self._groups = groups

    @gives_deferred
    async def held(self, group: str, topic: str) -> list[QueueLock]:
        """Give who holds which queue of *topic*, by queue.

        Only brokers of this house tell, and only while a member of the group is
        connected.
        """
        state = await self._groups.state(group)
        members = {member.client_id for member in state.members}
        return sorted(
            (
                QueueLock(queue, client, client in members)
                for client, queues in state.locked.items()
                for queue in queues
                if queue.topic == topic
            ),
            key=lambda lock: lock.queue,
        )

    @gives_deferred
    async def queues(self, topic: str) -> list[MessageQueue]:
        """Give the queues that may be locked: those that can be read."""
        return sorted((await self._asking.route(topic)).subscribable)

    @gives_deferred
    async def give_up(
        self, group: str, client_id: str, queues: Iterable[MessageQueue]
    ) -> None:
        """Give up what *client_id* holds of *queues*; others' locks stay."""
        by_broker: dict[tuple[str, str], list[MessageQueue]] = {}
        for queue in queues:
            by_broker.setdefault((queue.topic, queue.broker_name), []).append(queue)
        asked = []
        for (topic, broker), mine in by_broker.items():
            address = (await self._asking.brokers_of(topic)).get(broker)
            if address is None:
                raise BrokerNotFoundError(broker)
            calls = self._asking.calls
            asked.append(calls.unlock(address, group, client_id, mine))
        await unwrapped(gatherResults(asked, consumeErrors=True))
