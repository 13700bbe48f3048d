"""The messages of one queue between fetching and acknowledging: pure book-keeping.

The offset that may be committed is the lowest one not acked yet, so that after a crash
nothing is lost, whatever order the messages were finished in.
"""

from collections import deque
from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from twistedmq.client.arguments import check_range


class Fetched(Protocol):
    """What a window needs of a message."""

    @property
    def queue_offset(self) -> int:
        """Its place in the queue."""

    @property
    def stored_bytes(self) -> int:
        """Its size."""


class Limits(Struct, frozen=True):
    """How much of one queue may be fetched ahead. Over any of them no pull is sent.

    Raises:
        ArgumentError: a limit is less than 1.
    """

    messages: int = 1000
    size_bytes: int = 32 * 1024 * 1024
    span: int = 2000
    """How far apart the first and the last unacked offset may be."""

    def __post_init__(self) -> None:
        """Check the limits."""
        check_range("messages", self.messages, 1)
        check_range("size_bytes", self.size_bytes, 1)
        check_range("span", self.span, 1)

    def shared(self, in_all: "Limits", queues: int) -> "Limits":
        """Give the limits of one of so many *queues* that keep *in_all* together."""
        return Limits(
            messages=min(self.messages, max(1, in_all.messages // queues)),
            size_bytes=min(self.size_bytes, max(1, in_all.size_bytes // queues)),
            span=self.span,
        )


class QueueWindow:
    """What was fetched from one queue and is not acked yet.

    It knows the messages themselves, not their offsets alone: one that was fetched
    before the window was reset must not ack the same message fetched again.

    Args:
        start: the queue offset to begin with.
        limits: when there is no room for more.
    """

    def __init__(self, start: int, limits: Limits | None = None) -> None:
        self.next_offset = start
        self.size_bytes = 0
        self.limits = limits or Limits()
        self._order: deque[int] = deque()
        self._unacked: dict[int, Fetched] = {}

    def __len__(self) -> int:
        """Give the number of unacked messages."""
        return len(self._unacked)

    def __contains__(self, message: Fetched) -> bool:
        """Whether *message* is here and unacked."""
        return self._unacked.get(message.queue_offset) is message

    @property
    def committable(self) -> int:
        """The lowest unacked offset, or where the next fetch begins."""
        return self._order[0] if self._order else self.next_offset

    @property
    def has_room(self) -> bool:
        """Whether more may be fetched."""
        limits = self.limits
        return (
            len(self._unacked) < limits.messages
            and self.size_bytes < limits.size_bytes
            and self.next_offset - self.committable <= limits.span
        )

    def fetched(self, messages: Iterable[Fetched], next_offset: int) -> None:
        """Take in messages by rising offset, and where to go on.

        What was filtered away between them needs no ack.
        """
        for message in messages:
            offset = message.queue_offset
            self._order.append(offset)
            self._unacked[offset] = message
            self.size_bytes += message.stored_bytes
        self.next_offset = next_offset

    def ack(self, message: Fetched) -> bool:
        """Note that a message is done; False if it is not here (any more)."""
        order, unacked = self._order, self._unacked
        offset = message.queue_offset
        if unacked.get(offset) is not message:
            return False
        del unacked[offset]
        self.size_bytes -= message.stored_bytes
        while order and order[0] not in unacked:
            order.popleft()
        return True

    def exchange(self, message: Fetched, other: Fetched) -> None:
        """Have *other* acked instead of *message*, if that is here."""
        if message in self:
            self._unacked[message.queue_offset] = other

    def reset(self, offset: int) -> None:
        """Forget everything and go on at *offset*; later acks come to nothing."""
        self._order.clear()
        self._unacked.clear()
        self.size_bytes = 0
        self.next_offset = offset
