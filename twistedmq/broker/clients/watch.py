"""Tells operators of groups whose members subscribe to different things."""

from collections.abc import Iterable, Iterator
from typing import Final

from twisted.logger import Logger

from twistedmq.broker.clients.agreement import NOT_SUBSCRIBED, Opinion
from twistedmq.broker.clients.consumer_group import ConsumerGroup
from twistedmq.metrics.samples import Sample, gauge

DIFFERING: Final = gauge(
    "twistedmq_consumer_groups_differing",
    "Consumer groups whose members subscribe to different things",
)
_NAMED: Final = 3
"""So many client ids and topics are named in one line."""


class SubscriptionWatch:
    """Says it in the log once a change, and counts the groups for /metrics."""

    _log = Logger()

    def __init__(self) -> None:
        """Begin with groups that agree."""
        self._differing: set[str] = set()

    @property
    def differing(self) -> frozenset[str]:
        """The groups whose members differ now."""
        return frozenset(self._differing)

    def wishes_changed(self, group: ConsumerGroup) -> None:
        """Look at what the members of *group* want now."""
        opinions = group.opinions()
        if opinions:
            self._differing.add(group.name)
            self._log.warn(
                "the members of group {group} subscribe to different things, so that "
                "messages go past some of them: {opinions} (rmq groups {group})",
                group=group.name,
                opinions=told(opinions),
            )
        elif group.name in self._differing:
            self._differing.remove(group.name)
            # a member that leaves last, or second to last, settles it as well
            agreed = len(group.members) > 1
            self._log.info(
                "group {group} differs no more: {why}",
                group=group.name,
                why="its members subscribe to the same" if agreed else "members left",
            )

    def samples(self) -> Iterator[Sample]:
        """Give how many groups differ."""
        yield DIFFERING.of(len(self._differing))


def told(opinions: Iterable[Opinion]) -> str:
    """Write opinions down in one line."""
    by_topic: dict[str, list[str]] = {}
    for each in opinions:
        wanted = "nothing" if each.expression == NOT_SUBSCRIBED else each.expression
        by_topic.setdefault(each.topic, []).append(
            f"{wanted!r} by {_some(each.client_ids)}"
        )
    return _some([f"{topic}: {_some(said)}" for topic, said in by_topic.items()], "; ")


def _some(names: Iterable[str], between: str = ", ") -> str:
    every = list(names)
    more = [f"{len(every) - _NAMED} more"] if len(every) > _NAMED else []
    return between.join(every[:_NAMED] + more)
