"""Messages that are stored elsewhere first: until they are due, or decided.

A delayed message waits in a topic of the system, with its real topic among its
properties; so does the half of a transaction. Each capability that does so gives a
``Diversion``. Source: HookUtils.handleScheduleMessage, and what prepares halves.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from twistedmq.broker.inner.message import InnerMessage


class Diverted(Struct):
    """Where a message goes instead."""

    message: InnerMessage
    """What is stored."""
    answer_fields: Callable[[], dict[str, str]] = dict
    """Gives ext fields for the answer to who sent it, beside or instead of the usual
    ones; not asked where the broker itself stores the message."""
    when_stored: Callable[[], None] | None = None
    """Called once it is stored, where a producer sent it; not if that fails."""


Diversion = Callable[[InnerMessage], Diverted | None]
"""Says where a message goes instead; None if it is no concern of this diversion.

The message is a copy: it may be changed, and given back or left to the others. Raises
TwistedMQError where it can neither be diverted nor be stored: then nothing is stored.
"""


class Diversions:
    """All diversions of a broker; the first that takes a message has it."""

    def __init__(self, diversions: Sequence[Diversion] = ()) -> None:
        self._diversions = tuple(diversions)

    def divert(self, message: InnerMessage) -> Diverted | None:
        """Give what is to be stored for *message*; None if that is itself.

        Raises:
            TwistedMQError: it may not be stored.
        """
        for diversion in self._diversions:
            diverted = diversion(message)
            if diverted is not None:
                return diverted
        return None
