"""What an append does beside the usual: batch queues and light queues.

A record in a *batch queue* may hold several messages, and raises its queue's offset by
as many. A *light queue* holds entries of messages of other topics: a message says by a
property into which light queues it goes, and the record says at which offsets it came
there. Both are rare; a batch of messages that has neither is told by one question.
Source: BatchConsumeQueue, LmqDispatch, MultiDispatchUtils.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.protocol import properties as props
from twistedmq.protocol.errors import MessageIllegalError, TwistedMQError
from twistedmq.protocol.names import fills_light_queues, is_lmq, may_be_light_queue
from twistedmq.protocol.send_batch import SendBatch
from twistedmq.protocol.system_flags import INNER_BATCH
from twistedmq.store.batch_queue import messages_in
from twistedmq.store.queue_state import (
    ENTRY,
    BatchQueueState,
    QueueState,
    QueueTable,
)

_DISPATCH: Final = props.INNER_MULTI_DISPATCH.encode()
_OFFSETS: Final = props.INNER_MULTI_QUEUE_OFFSET.encode()
_BASE: Final = props.INNER_BASE.encode()
_MOST_PROPERTIES: Final = 0x7FFF
LIGHT_QUEUE_ID: Final = 0


def has_light_queues(config: StoreConfig) -> bool:
    """Whether messages go into the light queues that they name."""
    return config.light_queues_enabled and config.multi_dispatch


class LightQueuesFullError(TwistedMQError):
    """A message would begin one light queue too many. It was not stored."""

    def __init__(self, name: str, limit: int) -> None:
        """Name the queue and the limit."""
        super().__init__(
            f"[LMQ_CONSUME_QUEUE_NUM_EXCEEDED] the light queue {name!r} would be one "
            f"more than the {limit} that maxLmqConsumeQueueNum allows"
        )
        self.limit = limit


class Taken(Struct):
    """A batch whose queues have given it their offsets; columns, an item a message."""

    batch: SendBatch
    """With what the records say of those offsets among their properties."""
    states: list[QueueState]
    offsets: list[int]
    counts: list[int]
    """How many messages each record holds."""
    light: list[list[QueueState]]
    before: dict[QueueState, int]
    """The next offset of each queue as it was."""

    def grown(self) -> tuple[list[QueueState], list[int]]:
        """Give each entry's queue and tags code, for writer and listeners."""
        states, tags_codes = [], []
        for own, light, tags_code in zip(
            self.states, self.light, self.batch.tags_codes, strict=True
        ):
            states += [own, *light]
            tags_codes += [tags_code] * (1 + len(light))
        return states, tags_codes


class SpecialQueues:
    """Gives offsets in batch and light queues, and adds their entries."""

    def __init__(self, queues: QueueTable, config: Live[StoreConfig]) -> None:
        self._queues = queues
        self._config = config
        self._light_count = -1

    def concern(self, batch: SendBatch) -> bool:
        """Whether a message of *batch* is for such a queue."""
        topics = self._queues.batch_topics
        if topics and not topics.isdisjoint(batch.topics):
            return True
        if not has_light_queues(self._config.value):
            return False
        return any(_DISPATCH in encoded for encoded in batch.properties)

    def recount(self) -> None:
        """Count the light queues again: some are gone."""
        self._light_count = -1

    def take(self, batch: SendBatch) -> Taken:
        """Give offsets to each message of *batch*; see ``add`` and ``give_back``.

        Raises:
            MessageIllegalError: a message names what cannot be a light queue, or has
                no room for its offsets; no offset was given.
            LightQueuesFullError: there are too many; no offset was given.
        """
        taken = Taken(replace(batch, properties=[]), [], [], [], [], {})
        try:
            for row in range(len(batch)):
                self._take(taken, batch, row)
        except TwistedMQError:
            self.give_back(taken)
            raise
        return taken

    def _take(self, taken: Taken, batch: SendBatch, row: int) -> None:
        topic, encoded = batch.topics[row], batch.properties[row]
        state = self._queues[topic, batch.queue_ids[row]]
        offset = taken.before.setdefault(state, state.next_offset)
        offset, count = state.next_offset, 1
        if isinstance(state, BatchQueueState):
            count = messages_in(encoded)
            if batch.sys_flags[row] & INNER_BATCH:
                encoded = props.put(encoded, _BASE, b"%d" % offset)
        light: list[QueueState] = []
        if has_light_queues(self._config.value) and fills_light_queues(topic):
            names = props.get(encoded, _DISPATCH) or b""
            if names.strip():
                given = self._take_light(taken, names.decode("utf-8", "replace"), light)
                encoded = props.put(encoded, _OFFSETS, given)
        if len(encoded) > _MOST_PROPERTIES:
            raise MessageIllegalError(
                f"with what the broker adds, the message's properties have "
                f"{len(encoded)} bytes; the limit is {_MOST_PROPERTIES}"
            )
        state.next_offset = offset + count
        taken.states.append(state)
        taken.offsets.append(offset)
        taken.counts.append(count)
        taken.light.append(light)
        taken.batch.properties.append(encoded)

    def _take_light(self, taken: Taken, names: str, light: list[QueueState]) -> bytes:
        """Give the offsets in the queues of *names*, as a record says them."""
        offsets = []
        for name in names.split(","):
            if not is_lmq(name):
                offsets.append("")
                continue
            if not may_be_light_queue(name):
                raise MessageIllegalError(
                    f"{name!r} in {props.INNER_MULTI_DISPATCH} cannot be a light queue"
                )
            state = self._queues.get((name, LIGHT_QUEUE_ID))
            if state is None:
                state = self._begin_light(name)
            taken.before.setdefault(state, state.next_offset)
            offsets.append(str(state.next_offset))
            state.next_offset += 1
            light.append(state)
        return ",".join(offsets).encode()

    def _begin_light(self, name: str) -> QueueState:
        if self._light_count < 0:
            self._light_count = sum(is_lmq(topic) for topic, _ in self._queues)
        limit = self._config.value.max_light_queues
        if self._light_count >= limit:
            raise LightQueuesFullError(name, limit)
        self._light_count += 1
        return self._queues[name, LIGHT_QUEUE_ID]

    def give_back(self, taken: Taken) -> None:
        """Undo ``take``: the messages were not stored."""
        for state, offset in taken.before.items():
            state.next_offset = offset
            if not offset:
                self._queues.pop((state.topic, state.queue_id), None)
        self.recount()

    def add(
        self,
        taken: Taken,
        sizes: Sequence[int],
        store_ms: int,
        start: int,
        stop: int,
        physical_offset: int,
    ) -> list[int]:
        """Add the entries of messages *start* to *stop*, stored in a row.

        Gives their physical offsets; the first is *physical_offset*.
        """
        placed = []
        for row in range(start, stop):
            state, size = taken.states[row], sizes[row]
            tags_code = taken.batch.tags_codes[row]
            entry = ENTRY.pack(physical_offset, size, tags_code)
            if isinstance(state, BatchQueueState):
                offset, count = taken.offsets[row], taken.counts[row]
                state.add(physical_offset, size, tags_code, store_ms, offset, count)
            else:
                state.tail += entry
            for light in taken.light[row]:
                light.tail += entry
            placed.append(physical_offset)
            physical_offset += size
        return placed
