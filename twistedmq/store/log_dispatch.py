"""From records of the log to the entries of queues, where the log came first.

That is so at recovery and on a replica; an append knows its queues already.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from twistedmq.config.store import StoreConfig
from twistedmq.protocol.record import MIN_RECORD_BYTES
from twistedmq.store.batch_queue import messages_in
from twistedmq.store.log_scan import LoggedRecord, TagsCodes, queues_of
from twistedmq.store.queue_state import (
    ENTRY,
    FILLER_SIZE,
    BatchQueueState,
    QueueState,
    QueueTable,
)
from twistedmq.store.special_queues import has_light_queues

_LEAST_BYTES: Final = 22
"""What a message needs at least, within a record that holds several."""

Oddity = tuple[str, int, int, int, int]
"""Topic, queue id, queue offset, the one expected, physical offset."""


class Dispatched(Struct):
    """Where one record went."""

    tags_code: int
    states: list[QueueState]
    begun_anew: list[QueueState]
    """Those of ``states`` that hold nothing else any more: their topic was deleted and
    made again, so what their files have is to be forgotten."""


class LogDispatch:
    """Adds entries to the tails of queues, as records say.

    A record whose offset cannot follow in its queue, which only damage or a property
    from elsewhere explains, is left out.
    """

    def __init__(
        self,
        queues: QueueTable,
        config: StoreConfig,
        gone: Mapping[str, int] | None = None,
    ) -> None:
        """Put entries into *queues*, except those of topics that are *gone*.

        Their messages before a physical offset are left out.
        """
        self._queues = queues
        self._gone = gone or {}
        self._light = has_light_queues(config)
        self._tags_codes = TagsCodes(config.delay_levels)
        self.misplaced: list[Oddity] = []
        """What was left out."""
        self.gaps: list[Oddity] = []
        """What came after others that are missing."""

    def add(self, record: LoggedRecord) -> Dispatched:
        """Add the entries of *record*."""
        tags_code = self._tags_codes.of(record)
        entry = ENTRY.pack(record.physical_offset, record.size, tags_code)
        done = Dispatched(tags_code, [], [])
        for topic, queue_id, offset in queues_of(record, self._light):
            if self._gone and record.physical_offset < self._gone.get(topic, 0):
                continue
            state = self._queues[topic, queue_id]
            is_begun = state.min_offset < state.next_offset
            expected = state.next_offset if is_begun else 0
            is_batch = isinstance(state, BatchQueueState)
            least = _LEAST_BYTES if is_batch else MIN_RECORD_BYTES
            # Queues begin at 0 again only where a topic was deleted, and what is
            # missing between two messages must have had room in the log.
            odd = topic, queue_id, offset, expected, record.physical_offset
            if 0 < offset < expected or (
                (offset - expected) * least > record.physical_offset
            ):
                self.misplaced.append(odd)
                if not state.next_offset:
                    del self._queues[topic, queue_id]
                continue
            if is_begun and offset > expected:
                self.gaps.append(odd)
            elif offset < state.next_offset:
                done.begun_anew.append(state)
            if not is_begun or offset < expected:
                state.restart(offset)
            if isinstance(state, BatchQueueState):
                state.add(
                    record.physical_offset,
                    record.size,
                    tags_code,
                    record.store_ms,
                    offset,
                    messages_in(record.properties),
                )
            else:
                gap = offset - state.next_offset
                state.tail += ENTRY.pack(0, FILLER_SIZE, 0) * gap + entry
                state.next_offset = offset + 1
            done.states.append(state)
        return done
