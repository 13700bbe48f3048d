"""Where the next pop of a group begins in a queue.

A pop moves on at once, but that is committed only when its checkpoint is written: what
is lost before that is popped again. Source: PopMessageProcessor.getPopOffset.
"""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from twistedmq.broker.offsets.bounds import QueueBounds
from twistedmq.broker.offsets.table import OffsetTable
from twistedmq.protocol.names import is_retry_topic
from twistedmq.store.interfaces import IMessageStore

FROM_FIRST: Final = 0
"""Init mode of a pop: a new group begins at the first message. Else at the last."""

Place = tuple[str, str, int]
"""(topic, group, queue id)."""


class Move(Struct):
    """One step of a group in a queue, not committed yet."""

    place: Place
    next: int
    era: int
    """Counts up where the group was put elsewhere: then the step is void."""


class Positions:
    """Positions of all groups that pop.

    Args:
        offsets: the committed ones.
        store: asked where a new group begins.
        begins_young: whether a group that begins at the end begins at 0 in a queue that
            still has all its messages, and few.
        forget: told of a place that an operator has moved.
    """

    def __init__(
        self,
        offsets: OffsetTable,
        store: IMessageStore,
        begins_young: Callable[[], bool],
        forget: Callable[[str, str, int], None] = lambda *_: None,
    ) -> None:
        self._offsets = offsets
        self._store = store
        self._bounds = QueueBounds(store)
        self._begins_young = begins_young
        self._forget = forget
        self._ahead: dict[Place, int] = {}
        self._eras: dict[Place, int] = {}

    def find(self, place: Place, init_mode: int) -> int:
        """Give the next offset; commits it where the group begins, or was moved."""
        topic, group, queue_id = place
        reset = self._offsets.take_reset(group, topic, queue_id)
        if reset is not None:
            self._forget(topic, group, queue_id)
            self._make_void(place)
            self._offsets.commit(group, topic, queue_id, reset)
            return reset
        committed = self._offsets.query(group, topic, queue_id)
        if committed < 0:
            committed = self._first(topic, queue_id, init_mode)
            self._offsets.commit(group, topic, queue_id, committed)
        return max(committed, self._ahead.get(place, -1))

    def peek(self, place: Place) -> int:
        """Give the next offset and change nothing; a new group's is the first one."""
        topic, group, queue_id = place
        committed = self._offsets.query(group, topic, queue_id)
        if committed < 0:
            committed = self._bounds.least(topic, queue_id)
        return max(committed, self._ahead.get(place, -1))

    def correct(self, place: Place, offset: int) -> None:
        """Commit *offset*: there is nothing in the queue where the group was."""
        topic, group, queue_id = place
        self._make_void(place)
        self._offsets.commit(group, topic, queue_id, offset)

    def move(self, place: Place, next_offset: int) -> Move:
        """Go on to *next_offset*; to be committed, or taken back."""
        self._ahead[place] = next_offset
        return Move(place, next_offset, self._eras.get(place, 0))

    def commit(self, moves: Sequence[Move]) -> None:
        """Commit *moves*, except where the group was put elsewhere since."""
        for move in moves:
            topic, group, queue_id = move.place
            if move.era != self._eras.get(move.place, 0):
                continue
            if move.next > self._offsets.query(group, topic, queue_id):
                self._offsets.commit(group, topic, queue_id, move.next)
            if self._ahead.get(move.place) == move.next:
                del self._ahead[move.place]

    def take_back(self, moves: Sequence[Move]) -> None:
        """Have what was moved over popped again, and what came behind it."""
        for move in moves:
            if move.era == self._eras.get(move.place, 0):
                self._make_void(move.place)

    def _make_void(self, place: Place) -> None:
        """Forget all steps that are not committed; none of them is any more."""
        if self._ahead.pop(place, None) is not None:
            self._eras[place] = self._eras.get(place, 0) + 1

    def _first(self, topic: str, queue_id: int, init_mode: int) -> int:
        least, end = self._store.queue_bounds(topic, queue_id)
        if init_mode == FROM_FIRST or is_retry_topic(topic):
            return least
        if self._begins_young() and self._bounds.is_young(topic, queue_id):
            return 0
        return max(end - 1, 0)
