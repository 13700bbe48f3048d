"""Which queue a message goes to: the selections that come with the client."""

from collections.abc import Callable, Sequence
from itertools import count
from random import Random

from zope.interface import implementer

from twistedmq.client.interfaces import IQueueSelection
from twistedmq.client.message import Message
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.properties import java_hash


@implementer(IQueueSelection)
class RoundRobin:
    """One queue after the other; after a failure, one on another broker if possible.

    Args:
        start: where to begin; producers begin at random, so that they do not all send
            to the same queue first.
    """

    def __init__(self, start: int = 0) -> None:
        self._turns = count(start)

    def select(
        self, message: Message, queues: Sequence[MessageQueue], avoid: str | None
    ) -> MessageQueue:
        """Give the next queue; see ``IQueueSelection``."""
        turn = next(self._turns)
        queue = queues[turn % len(queues)]
        if avoid is None or queue.broker_name != avoid:
            return queue
        others = [each for each in queues if each.broker_name != avoid]
        return others[turn % len(others)] if others else queue


@implementer(IQueueSelection)
class AtRandom:
    """Any queue; after a failure, any on another broker if possible.

    Args:
        random: where chance comes from.
    """

    def __init__(self, random: Random | None = None) -> None:
        self._random = random or Random()

    def select(
        self, message: Message, queues: Sequence[MessageQueue], avoid: str | None
    ) -> MessageQueue:
        """Give one of the queues; see ``IQueueSelection``."""
        others = [each for each in queues if each.broker_name != avoid]
        return self._random.choice(others or queues)


@implementer(IQueueSelection)
class ByKey:
    """Messages with the same key go to the same queue, as long as the queues stay.

    Args:
        key: gives the key of a message; by default its ``sharding_key``, or else the
            first of its ``keys``.
    """

    def __init__(self, key: Callable[[Message], str] | None = None) -> None:
        self._key = key or _first_key

    def select(
        self, message: Message, queues: Sequence[MessageQueue], avoid: str | None
    ) -> MessageQueue:
        """Give the queue of the key, also after a failure: the order matters more."""
        return queues[abs(java_hash(self._key(message))) % len(queues)]


@implementer(IQueueSelection)
class ByFunction:
    """A function of (message, queues) chooses."""

    def __init__(
        self, choose: Callable[[Message, Sequence[MessageQueue]], MessageQueue]
    ) -> None:
        self._choose = choose

    def select(
        self, message: Message, queues: Sequence[MessageQueue], avoid: str | None
    ) -> MessageQueue:
        """Give what the function gives."""
        return self._choose(message, queues)


def _first_key(message: Message) -> str:
    if message.sharding_key:
        return message.sharding_key
    if not message.keys:
        raise MessageIllegalError(
            "ByKey needs a message with a sharding_key or a key",
            field="sharding_key",
            limit="not empty",
        )
    return message.keys[0]
