"""Queue entries of the last messages, in memory: what most pulls ask for."""

from collections import Counter, deque
from collections.abc import Sequence
from typing import Final

from twistedmq.store.queue_state import ENTRY_BYTES, QueueState

MOST_ENTRIES: Final = 65_536
MOST_BYTES: Final = 64 * 1024 * 1024


class RecentEntries:
    """Shortens the tails of queues to what the end of the log holds.

    A queue's tail then never reaches further back than ``floor``, a physical offset.
    Only the reactor thread may read tails.
    """

    def __init__(
        self, most_entries: int = MOST_ENTRIES, most_bytes: int = MOST_BYTES
    ) -> None:
        """Keep so many entries, of so many bytes of log."""
        self._most_entries = most_entries
        self._most_bytes = most_bytes
        self._batches: deque[tuple[int, Sequence[QueueState]]] = deque()
        self._count = 0
        self.floor = 0
        """Where the oldest batch begins whose entries are all in memory."""

    def reset(self, end: int) -> None:
        """Begin anew at the *end* of the log; the tails were emptied."""
        self._batches.clear()
        self._count = 0
        self.floor = end

    def add(self, states: Sequence[QueueState], end: int) -> None:
        """Note that each of *states* was given an entry, and the log its *end*."""
        self._batches.append((end, states))
        self._count += len(states)
        while self._count > self._most_entries or end - self.floor > self._most_bytes:
            self.floor, oldest = self._batches.popleft()
            self._count -= len(oldest)
            for state, count in Counter(oldest).items():
                del state.tail[: count * ENTRY_BYTES]
