"""In which order a pop goes through the queues of a topic.

A topic of the message type PRIORITY is popped from its last queue on, which has the
highest priority; how often a group heeds that is its attribute ``priority.factor``.
Other topics are begun at a queue by chance, so that each has its turn.
Source: PopMessageProcessor (5.4.0).
"""

from collections.abc import Mapping
from random import Random
from typing import Final

from msgspec import Struct

from twistedmq.broker.attributes import MESSAGE_TYPE, PRIORITY_FACTOR
from twistedmq.broker.groups.table import GroupTable
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.pop import PopConfig

PRIORITY: Final = "PRIORITY"
ALWAYS: Final = 100
"""Per cent of the pops of a group that did not say."""


class Draw(Struct):
    """What chance, or priority, says about one pop."""

    first: int
    """Moves the beginning."""
    retry_first: bool
    """Whether the retry topics are read before the topic itself."""
    old_retry_topic: bool
    """Whether, where there are two kinds, the old one is read."""
    last_queue_first: bool

    def queues(self, count: int) -> list[int]:
        """Give the numbers of *count* queues in their order."""
        steps = range(count)
        first, places = self.first, reversed(steps) if self.last_queue_first else steps
        return [(place + first) % count for place in places]


class Priorities:
    """Says how much a group heeds the priorities of a topic."""

    def __init__(self, topics: TopicTable, groups: GroupTable) -> None:
        """Look at the attributes of both."""
        self._topics = topics
        self._groups = groups

    def percent(self, topic: str, group: str) -> int:
        """Give in how many of a hundred pops priorities count."""
        config = self._topics.get(topic)
        if config is None or (config.attributes or {}).get(MESSAGE_TYPE) != PRIORITY:
            return 0
        known = self._groups.peek(group)
        return _factor(known.attributes or {}) if known is not None else ALWAYS


def draw(config: PopConfig, random: Random, priority_percent: int) -> Draw:
    """Draw for one pop; *priority_percent* is 0 for an ordered one."""
    number = random.randrange(100)
    heeds = number < priority_percent
    retry_percent = (
        config.retry_probability_for_priority if heeds else config.retry_probability
    )
    return Draw(
        first=0 if heeds else number,
        retry_first=number < retry_percent,
        old_retry_topic=number % 2 == 0,
        last_queue_first=config.last_queue_first,
    )


def _factor(attributes: Mapping[str, str]) -> int:
    text = attributes.get(PRIORITY_FACTOR, "")
    return int(text) if text.isascii() and text.isdigit() else ALWAYS
