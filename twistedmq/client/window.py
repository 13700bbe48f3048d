"""The messages of one queue between fetching and acknowledging: pure book-keeping.

The offset that may be committed is the lowest one not acked yet, so that after a crash
nothing is lost, whatever order the messages were finished in.
"""

from collections import deque
from collections.abc import Iterable

from msgspec import Struct


class Limits(Struct, frozen=True):
    """How much of one queue may be fetched ahead. Over any of them no pull is sent."""

    messages: int = 1000
    size_bytes: int = 32 * 1024 * 1024
    span: int = 2000
    """How far apart the first and the last unacked offset may be."""

    def shared(self, in_all: "Limits", queues: int) -> "Limits":
        """Give the limits of one of so many *queues* that keep *in_all* together."""
        return Limits(
            messages=min(self.messages, max(1, in_all.messages // queues)),
            size_bytes=min(self.size_bytes, max(1, in_all.size_bytes // queues)),
            span=self.span,
        )


class QueueWindow:
    """What was fetched from one queue and is not acked yet.

    Args:
        start: the queue offset to begin with.
        limits: when there is no room for more.
    """

    def __init__(self, start: int, limits: Limits | None = None) -> None:
        self.next_offset = start
        self.size_bytes = 0
        self.limits = limits or Limits()
        self._order: deque[int] = deque()
        self._sizes: dict[int, int] = {}

    def __len__(self) -> int:
        """Give the number of unacked messages."""
        return len(self._sizes)

    def __contains__(self, offset: int) -> bool:
        """Whether the message at *offset* is here and unacked."""
        return offset in self._sizes

    @property
    def committable(self) -> int:
        """The lowest unacked offset, or where the next fetch begins."""
        return self._order[0] if self._order else self.next_offset

    @property
    def has_room(self) -> bool:
        """Whether more may be fetched."""
        limits = self.limits
        return (
            len(self._sizes) < limits.messages
            and self.size_bytes < limits.size_bytes
            and self.next_offset - self.committable <= limits.span
        )

    def fetched(self, messages: Iterable[tuple[int, int]], next_offset: int) -> None:
        """Take in (offset, size in bytes) pairs in rising order, and where to go on.

        What was filtered away between them needs no ack.
        """
        for offset, size in messages:
            self._order.append(offset)
            self._sizes[offset] = size
            self.size_bytes += size
        self.next_offset = next_offset

    def ack(self, offset: int) -> bool:
        """Note that the message is done; False if it is not here (any more)."""
        size = self._sizes.pop(offset, None)
        if size is None:
            return False
        self.size_bytes -= size
        order, sizes = self._order, self._sizes
        while order and order[0] not in sizes:
            order.popleft()
        return True

    def reset(self, offset: int) -> None:
        """Forget everything and go on at *offset*; later acks come to nothing."""
        self._order.clear()
        self._sizes.clear()
        self.size_bytes = 0
        self.next_offset = offset
