"""Ways to share queues out; see ``IQueueAllocation`` and ``AverageAllocation``.

Members in Java and here must come to the same answer. Source: the classes of upstream's
``client.consumer.rebalance``, and ``ConsistentHashRouter``.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from hashlib import md5

from zope.interface import implementer

from twistedmq.client.errors import ClientError
from twistedmq.client.interfaces import IQueueAllocation
from twistedmq.client.rebalance import AverageAllocation, BrokerAllocation
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.queue_shares import circle

Queues = Sequence[MessageQueue]


class NoRoomError(ClientError):
    """It is not known in which room a broker or a member stands."""

    def __init__(self, what: str, name: str) -> None:
        """Keep the *name* of the broker or the member."""
        super().__init__(f"in which room is {what} {name!r}?")
        self.name = name


@implementer(IQueueAllocation)
class CircleAllocation:
    """Queues are dealt out one by one, so that each broker's are spread."""

    name = "AVG_BY_CIRCLE"

    def allocate(self, member: str, members: Sequence[str], queues: Queues) -> Queues:
        """Give the share of *member*; see ``IQueueAllocation``."""
        return circle(member, members, queues)


@implementer(IQueueAllocation)
class ConsistentHashAllocation:
    """Queues go to the next member on a ring of hashes.

    Few change hands when a member joins or leaves, but shares differ in size.

    Args:
        virtual_nodes: how often each member is on the ring; the same in all members.

    Raises:
        ValueError: *virtual_nodes* is below 1.
    """

    name = "CONSISTENT_HASH"

    def __init__(self, virtual_nodes: int = 10) -> None:
        if virtual_nodes < 1:
            raise ValueError(f"virtual_nodes is {virtual_nodes}, not 1 or more")
        self._virtual_nodes = virtual_nodes

    def allocate(self, member: str, members: Sequence[str], queues: Queues) -> Queues:
        """Give the share of *member*; see ``IQueueAllocation``."""
        ring = {
            _place(f"{each}-{number}"): each
            for each in members
            for number in range(self._virtual_nodes)
        }
        places = sorted(ring)

        def owner(queue: MessageQueue) -> str:
            at = bisect_left(places, _place(_java_text(queue)))
            return ring[places[at % len(places)]]

        return [queue for queue in queues if owner(queue) == member]


@implementer(IQueueAllocation)
class FixedAllocation:
    """Each member is told its queues; what nobody is told, nobody consumes.

    Args:
        queues: those of this member; those that do not exist are left out.
    """

    name = "CONFIG"

    def __init__(self, queues: Collection[MessageQueue]) -> None:
        self._queues = frozenset(queues)

    def allocate(self, member: str, members: Sequence[str], queues: Queues) -> Queues:
        """Give the share of *member*; see ``IQueueAllocation``."""
        return [queue for queue in queues if queue in self._queues]


@implementer(IQueueAllocation)
class RoomAllocation:
    """Only queues of some machine rooms are consumed, shared out evenly.

    The room of a broker is what its name has before an ``@``; brokers without one are
    left out.

    Args:
        rooms: the names of the rooms; the same in all members.
    """

    name = "MACHINE_ROOM"

    def __init__(self, rooms: Collection[str]) -> None:
        self._rooms = frozenset(rooms)

    def allocate(self, member: str, members: Sequence[str], queues: Queues) -> Queues:
        """Give the share of *member*; see ``IQueueAllocation``."""
        return _with_remainder(
            member, members, [queue for queue in queues if self._is_ours(queue)]
        )

    def _is_ours(self, queue: MessageQueue) -> bool:
        room, _, broker = queue.broker_name.partition("@")
        return room in self._rooms and bool(broker) and "@" not in broker


@implementer(IQueueAllocation)
class NearbyAllocation:
    """Queues go to members of their own machine room, shared out there.

    Those of rooms without a member are shared out among everybody.

    Args:
        room_of_broker: gives the room of a queue's broker.
        room_of_member: gives the room of a member by its client id.
        within: how queues are shared out; None: evenly, in runs.

    All members need the same three. ``allocate`` raises NoRoomError where a room is
    empty.
    """

    def __init__(
        self,
        room_of_broker: Callable[[MessageQueue], str],
        room_of_member: Callable[[str], str],
        within: IQueueAllocation | None = None,
    ) -> None:
        self._room_of_broker = room_of_broker
        self._room_of_member = room_of_member
        self._within = within or AverageAllocation()
        self.name = f"MACHINE_ROOM_NEARBY-{self._within.name}"

    def allocate(self, member: str, members: Sequence[str], queues: Queues) -> Queues:
        """Give the share of *member*; see ``IQueueAllocation``."""
        rooms: dict[str, list[MessageQueue]] = {}
        for queue in queues:
            room = self._room_of_broker(queue)
            if not room:
                raise NoRoomError("broker", queue.broker_name)
            rooms.setdefault(room, []).append(queue)
        people: dict[str, list[str]] = {}
        for each in members:
            room = self._room_of_member(each)
            if not room:
                raise NoRoomError("member", each)
            people.setdefault(room, []).append(each)
        mine = self._room_of_member(member)
        share: list[MessageQueue] = []
        if mine in rooms:
            near = rooms.pop(mine)
            share += self._within.allocate(member, people[mine], near)
        for room in sorted(rooms):
            if room not in people:
                share += self._within.allocate(member, members, rooms[room])
        return share


def _place(text: str) -> int:
    """Give the place on the ring."""
    digest = md5(text.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:4], "big")


def _java_text(queue: MessageQueue) -> str:
    """Give a queue as Java shows it, which is what its place comes from."""
    return (
        f"MessageQueue [topic={queue.topic}, brokerName={queue.broker_name}, "
        f"queueId={queue.queue_id}]"
    )


def _with_remainder(member: str, members: Sequence[str], queues: Queues) -> Queues:
    """Give equal runs; what is left over at the end goes to the first members."""
    index = members.index(member)
    share, rest = divmod(len(queues), len(members))
    run = list(queues[index * share : (index + 1) * share])
    if index < rest:
        run.append(queues[index + share * len(members)])
    return run


__all__ = [
    "AverageAllocation",
    "BrokerAllocation",
    "CircleAllocation",
    "ConsistentHashAllocation",
    "FixedAllocation",
    "NearbyAllocation",
    "NoRoomError",
    "RoomAllocation",
]
