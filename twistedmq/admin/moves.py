"""Moving a group, queue by queue, and back again: first a plan, then the deed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from twistedmq.admin.asking import Asking
from twistedmq.admin.brokers import Brokers
from twistedmq.admin.clients import Clients
from twistedmq.admin.errors import (
    MembersInTheWayError,
    NotOnlineError,
    OffsetOutOfRangeError,
)
from twistedmq.admin.resets import Resets
from twistedmq.client.deferreds import gives_deferred
from twistedmq.client.errors import BrokerNotFoundError
from twistedmq.client.starting import StartFrom
from twistedmq.protocol.bodies.queues import MessageQueue

Target = StartFrom | datetime | int
"""The first or the last offset, the first message since a time, or an offset."""

SERVER_SIDE: Final = "useServerSideResetOffset"
"""The setting of brokers that move members by themselves; absent before 5.0."""


class Move(Struct, frozen=True, kw_only=True):
    """Where a group is in one queue, and where it is to go."""

    queue: MessageQueue
    before: int | None
    """None: it has no offset there yet."""
    after: int
    least: int = 0
    """The first offset that the queue still has."""
    end: int = 0
    """The offset of the message that will be stored next."""

    @property
    def skipped(self) -> int:
        """Messages that the group will not consume."""
        return max(0, self.after - self._from)

    @property
    def repeated(self) -> int:
        """Messages that the group will consume again."""
        return max(0, self._from - self.after)

    @property
    def _from(self) -> int:
        return self.least if self.before is None else self.before


class Moves:
    """Moves the groups of one cluster.

    Calls fail with RouteNotFoundError, BrokerNotFoundError, RefusedError,
    NoNameServerError or an error of the remoting room.

    Args:
        asking: whom to ask.
        brokers: what brokers say of their settings.
        clients: whether anybody of a group is there.
        resets: how a queue is reset.
    """

    def __init__(
        self, asking: Asking, brokers: Brokers, clients: Clients, resets: Resets
    ) -> None:
        self._asking = asking
        self._brokers = brokers
        self._clients = clients
        self._resets = resets

    @gives_deferred
    async def plan(
        self,
        group: str,
        topic: str,
        to: Target,
        *,
        broker: str | None = None,
        queue_id: int | None = None,
    ) -> list[Move]:
        """Say where *group* would go; nothing is changed.

        Args:
            group: who.
            topic: in this topic.
            to: where to.
            broker: only on the broker of that name.
            queue_id: only in queues of that number.

        Raises:
            OffsetOutOfRangeError: a queue does not have that offset.
            BrokerNotFoundError: no such broker has the topic.
        """
        route = await self._asking.route(topic)
        if broker is not None and broker not in route.brokers:
            raise BrokerNotFoundError(broker)
        return [
            await self._planned(group, queue, to)
            for queue in route.subscribable
            if broker in (None, queue.broker_name)
            and queue_id in (None, queue.queue_id)
        ]

    @gives_deferred
    async def back(self, group: str, offsets: Iterable[Move]) -> list[Move]:
        """Say how *group* gets back to where it was before some moves.

        A queue in which it had no offset is left out: there is no way back to none. An
        offset that is gone by now becomes the first that there is.
        """
        found = []
        for move in offsets:
            if move.before is not None:
                now = await self._state(group, move.queue)
                after = min(max(move.before, now.least), now.end)
                found.append(
                    Move(
                        queue=now.queue,
                        before=now.before,
                        after=after,
                        least=now.least,
                        end=now.end,
                    )
                )
        return found

    @gives_deferred
    async def make(self, group: str, moves: Sequence[Move]) -> None:
        """Move *group*, its members included.

        Raises:
            MembersInTheWayError: members are connected that a broker cannot move;
                nothing is changed.
        """
        brokers = {
            name: await self._asking.master_of(queue)
            for name, queue in {m.queue.broker_name: m.queue for m in moves}.items()
        }
        moved_too = {}
        for name, address in brokers.items():
            moved_too[name] = await self._has_members(group, address)
            if moved_too[name] and not await self._moves_members(address):
                raise MembersInTheWayError(group, name)
        for move in moves:
            queue = move.queue
            address = brokers[queue.broker_name]
            if moved_too[queue.broker_name]:
                await self._resets.queue(group, queue, move.after, at=address)
            else:
                await self._asking.calls.commit(address, group, queue, move.after)

    async def _planned(self, group: str, queue: MessageQueue, to: Target) -> Move:
        now = await self._state(group, queue)
        if to is StartFrom.FIRST:
            after = now.least
        elif to is StartFrom.LAST:
            after = now.end
        elif isinstance(to, datetime):
            time_ms = int(to.timestamp() * 1000)
            address = await self._asking.address_of(queue)
            after = await self._asking.calls.offset_at(address, queue, time_ms)
        else:
            assert isinstance(to, int)
            after = to
        if not now.least <= after <= now.end:
            raise OffsetOutOfRangeError(queue, after, now.least, now.end)
        return Move(
            queue=queue, before=now.before, after=after, least=now.least, end=now.end
        )

    async def _state(self, group: str, queue: MessageQueue) -> Move:
        """Give where *group* is now."""
        calls = self._asking.calls
        address = await self._asking.address_of(queue)
        before = await calls.committed(address, group, queue, zero_if_new=False)
        least = await calls.min_offset(address, queue)
        end = await calls.max_offset(address, queue)
        after = least if before is None else before
        return Move(queue=queue, before=before, after=after, least=least, end=end)

    async def _has_members(self, group: str, address: str) -> bool:
        try:
            found = await self._clients.consumers(group, at=address)
        except NotOnlineError:
            return False
        return bool(found.connection_set)

    async def _moves_members(self, address: str) -> bool:
        """Whether a broker moves one queue; others would reset all of the topic."""
        settings = await self._brokers.config(address)
        return settings.get(SERVER_SIDE, "").lower() == "true"
