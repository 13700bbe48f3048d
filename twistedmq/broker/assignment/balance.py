"""What share of a topic a member of a group gets. Pure.

Source: QueryAssignmentProcessor.
"""

from collections.abc import Iterable, Sequence

from twistedmq.protocol.bodies import MessageQueue
from twistedmq.protocol.queue_shares import Shares

ANY_QUEUE = -1
"""Stands for all queues of a broker."""


def pulled_share(
    shares: Shares[MessageQueue],
    member: str,
    members: Iterable[str],
    queues: Iterable[MessageQueue],
) -> list[MessageQueue]:
    """Give the queues that *member* pulls; nothing if it is not among *members*."""
    everyone = sorted(set(members))
    if member not in everyone:
        return []
    return list(shares(member, everyone, sorted(queues)))


def popped_share(
    shares: Shares[MessageQueue],
    member: str,
    members: Iterable[str],
    queues: Iterable[MessageQueue],
    share_with: int,
) -> list[MessageQueue]:
    """Give the queues that *member* pops.

    Each member pops its own queues and those of the *share_with* members behind it, so
    that a slow one holds up nobody; with 0, or with nearly all of them, everyone pops
    everything. Where there are more members than queues, each has one of them.
    """
    everyone, ordered = sorted(set(members)), sorted(queues)
    if share_with <= 0 or share_with >= len(everyone) - 1:
        brokers = dict.fromkeys((each.topic, each.broker_name) for each in ordered)
        return [MessageQueue(topic, name, ANY_QUEUE) for topic, name in brokers]
    if member not in everyone:
        return []
    index = everyone.index(member)
    if len(everyone) > len(ordered):
        return [ordered[index % len(ordered)]]
    return _with_neighbours(shares, everyone, ordered, index, share_with)


def _with_neighbours(
    shares: Shares[MessageQueue],
    members: Sequence[str],
    queues: Sequence[MessageQueue],
    index: int,
    share_with: int,
) -> list[MessageQueue]:
    sharers = (members[(index + n) % len(members)] for n in range(share_with + 1))
    found = (queue for each in sharers for queue in shares(each, members, queues))
    return list(dict.fromkeys(found))
