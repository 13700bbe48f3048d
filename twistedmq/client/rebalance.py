"""Who consumes what: pure arithmetic over queues and the members of a group.

Every member works the same answer out by itself, so all must sort and count alike,
members written in Java included (upstream: AllocateMessageQueueAveragely).
"""

from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct
from zope.interface import implementer

from twistedmq.client.interfaces import IQueueAllocation
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.queue_shares import BY_NAME, average


class Change(Struct, frozen=True):
    """What a new allocation means for a consumer."""

    gained: tuple[MessageQueue, ...]
    lost: tuple[MessageQueue, ...]

    def __bool__(self) -> bool:
        """Whether anything changes."""
        return bool(self.gained or self.lost)


def compare(
    owned: Collection[MessageQueue], wanted: Collection[MessageQueue]
) -> Change:
    """Tell what must be taken up and what given back; what stays is not touched."""
    return Change(
        gained=tuple(sorted(set(wanted) - set(owned))),
        lost=tuple(sorted(set(owned) - set(wanted))),
    )


@implementer(IQueueAllocation)
class AverageAllocation:
    """Neighbouring queues go to one member; the first ones get what is left over."""

    name = "AVG"

    def allocate(
        self, member: str, members: Sequence[str], queues: Sequence[MessageQueue]
    ) -> Sequence[MessageQueue]:
        """Give the share of *member*; see ``IQueueAllocation``."""
        return average(member, members, queues)


@implementer(IQueueAllocation)
class BrokerAllocation:
    """A broker shares the queues out, and members ask it.

    Brokers that cannot leave it to the members, which then do the same by themselves.

    Args:
        strategy: AVG (in runs) or AVG_BY_CIRCLE (dealt out); the same in all members.

    Raises:
        ValueError: *strategy* is neither.
    """

    def __init__(self, strategy: str = AverageAllocation.name) -> None:
        if strategy not in BY_NAME:
            raise ValueError(f"strategy is {strategy!r}, not {' or '.join(BY_NAME)}")
        self.name = strategy

    def allocate(
        self, member: str, members: Sequence[str], queues: Sequence[MessageQueue]
    ) -> Sequence[MessageQueue]:
        """Give the share of *member*; see ``IQueueAllocation``."""
        return BY_NAME[self.name](member, members, queues)


def share_of(
    allocation: IQueueAllocation,
    member: str,
    members: Iterable[str],
    queues: Iterable[MessageQueue],
) -> frozenset[MessageQueue] | None:
    """Give the queues of *member*, None if it is not among *members* (yet)."""
    everyone = sorted(set(members))
    if member not in everyone:
        return None
    ordered = sorted(queues)
    return (
        frozenset(allocation.allocate(member, everyone, ordered)) if ordered else None
    )
