"""A queue as far as it is in memory: its bounds and its last entries.

What an append does to queues is here, shared by the stores: one dictionary look-up a
message, nothing that grows with the number of queues.
"""

from collections.abc import Sequence, Set
from operator import attrgetter
from struct import Struct
from typing import Final

from twistedmq.protocol.send_batch import SendBatch

ENTRY: Final = Struct(">qiq")
"""Physical offset, record size, tags code: an entry of a consume queue."""
ENTRY_BYTES: Final = ENTRY.size
FILLER_SIZE: Final = 0x7FFFFFFF
"""Size in an entry that stands for no record (upstream: fillPreBlank)."""

BATCH_ENTRY: Final = Struct(">qiqqqhii")
"""An entry of a batch queue: physical offset, record size, tags code, store time, queue
offset of the first message, number of messages, and two that upstream may use later."""
BATCH_ENTRY_BYTES: Final = BATCH_ENTRY.size
_NOT_COMPACTED: Final = -1

Arrival = tuple[str, int, int, int, int]


class QueueState:
    """One (topic, queue id).

    ``tail`` holds the packed entries right before ``next_offset``. It only grows in
    place; who shortens it puts another bytearray there, so a thread that was given the
    old one may go on reading it.
    """

    __slots__ = (
        "is_dirty",
        "made_end",
        "min_offset",
        "next_offset",
        "old_offset",
        "queue_id",
        "tail",
        "topic",
        "written_offset",
    )

    def __init__(self, topic: str, queue_id: int, offset: int = 0) -> None:
        """Begin with no entry in memory; *offset* is the next to be given."""
        self.topic = topic
        self.queue_id = queue_id
        self.next_offset = offset
        self.min_offset = offset
        self.old_offset = offset
        """Queue offset before which the entries are not of this process."""
        self.written_offset = offset
        """Queue offset up to which the files have the entries."""
        self.made_end = 0
        """Number of entries for which there are files, as far as who keeps the files
        knows; 0 if it has not looked."""
        self.is_dirty = False
        """Whether it has entries that no file has, as who writes them noted."""
        self.tail = bytearray()

    @property
    def entries_end(self) -> int:
        """Number of the next entry."""
        return self.next_offset

    @property
    def entries_written(self) -> int:
        """Number up to which the files have the entries."""
        return self.written_offset

    @property
    def tail_offset(self) -> int:
        """Queue offset of the first entry in the tail."""
        return self.next_offset - len(self.tail) // ENTRY_BYTES

    def in_tail(self, offset: int, count: int) -> bytes | None:
        """Give packed entries from *offset* on; None if the tail begins behind it."""
        first = offset - self.tail_offset
        if first < 0:
            return None
        return bytes(self.tail[first * ENTRY_BYTES : (first + count) * ENTRY_BYTES])

    def restart(self, offset: int) -> None:
        """Have no entry at all, and go on at queue offset *offset*."""
        self.tail = bytearray()
        self.made_end = 0
        self.min_offset = self.next_offset = self.written_offset = offset

    def shorten(self, keep: int) -> None:
        """Keep the last *keep* entries in memory, and all that no file has yet."""
        keep = max(keep, self.next_offset - self.written_offset)
        start = len(self.tail) - keep * ENTRY_BYTES
        if start > 0:
            self.tail = self.tail[start:]

    def drop_from(self, physical_offset: int) -> None:
        """Forget the entries at or behind an offset; all are in the tail."""
        tail = self.tail
        while tail and ENTRY.unpack_from(tail, len(tail) - ENTRY_BYTES)[0] >= (
            physical_offset
        ):
            del tail[-ENTRY_BYTES:]
            self.next_offset -= 1

    def first_from(self, physical_offset: int) -> int:
        """Give the queue offset of the first entry that points there or behind it; all
        are in the tail.
        """
        offset = self.tail_offset
        for place, size, _ in ENTRY.iter_unpack(self.tail):
            if place >= physical_offset and size != FILLER_SIZE:
                break
            offset += 1
        return offset

    def begin_at(self, offset: int) -> None:
        """Forget the entries before queue *offset*; all are in the tail."""
        if offset > self.min_offset:
            self.tail = self.tail[(offset - self.tail_offset) * ENTRY_BYTES :]
            self.min_offset = offset


class BatchQueueState(QueueState):
    """One of a topic whose queue type is BatchCQ.

    A record there may hold several messages, which share one entry. So entries are
    numbered by themselves; ``min_offset`` and ``next_offset`` count messages, as in
    every queue. ``tail`` holds the last entries.
    """

    __slots__ = ("first_entry", "next_entry", "written_entry")

    def __init__(self, topic: str, queue_id: int) -> None:
        """Begin without an entry."""
        super().__init__(topic, queue_id)
        self.first_entry = 0
        """No file has an entry with a lower number."""
        self.next_entry = 0
        self.written_entry = 0
        """Number up to which the files have the entries."""

    @property
    def entries_end(self) -> int:
        """Number of the next entry."""
        return self.next_entry

    @property
    def entries_written(self) -> int:
        """Number up to which the files have the entries."""
        return self.written_entry

    @property
    def tail_entry(self) -> int:
        """Number of the first entry in the tail."""
        return self.next_entry - len(self.tail) // BATCH_ENTRY_BYTES

    def add(
        self,
        physical_offset: int,
        size: int,
        tags_code: int,
        store_ms: int,
        base: int,
        count: int,
    ) -> None:
        """Add the entry of a record whose *count* messages begin at offset *base*."""
        self.tail += BATCH_ENTRY.pack(
            physical_offset, size, tags_code, store_ms, base, count, _NOT_COMPACTED, 0
        )
        self.next_entry += 1
        self.next_offset = max(self.next_offset, base + count)

    def unwritten(self, count: int) -> bytes:
        """Give up to *count* packed entries that no file has."""
        start = (self.written_entry - self.tail_entry) * BATCH_ENTRY_BYTES
        return bytes(self.tail[start : start + count * BATCH_ENTRY_BYTES])

    def shorten(self, keep: int) -> None:
        """Keep the last *keep* entries in memory, and all that no file has yet."""
        keep = max(keep, self.next_entry - self.written_entry)
        start = len(self.tail) - keep * BATCH_ENTRY_BYTES
        if start > 0:
            self.tail = self.tail[start:]

    def restart(self, offset: int) -> None:
        """Have no entry at all, and go on at queue offset *offset*."""
        self.tail = bytearray()
        self.first_entry = self.next_entry = self.written_entry = self.made_end = 0
        self.min_offset = self.next_offset = offset

    def drop_from(self, physical_offset: int) -> None:
        """Forget the entries at or behind an offset; all are in the tail."""
        tail = self.tail
        while tail:
            fields = BATCH_ENTRY.unpack_from(tail, len(tail) - BATCH_ENTRY_BYTES)
            if fields[0] < physical_offset:
                break
            del tail[-BATCH_ENTRY_BYTES:]
            self.next_entry -= 1
            self.next_offset = fields[4]

    def first_from(self, physical_offset: int) -> int:
        """Give the queue offset of the first entry that points there or behind it; all
        are in the tail.
        """
        for entry in BATCH_ENTRY.iter_unpack(self.tail):
            if entry[0] >= physical_offset:
                return int(entry[4])
        return self.next_offset

    def begin_at(self, offset: int) -> None:
        """Forget the entries before queue *offset*; all are in the tail."""
        if offset > self.min_offset:
            gone = 0
            for entry in BATCH_ENTRY.iter_unpack(self.tail):
                if entry[4] + entry[5] > offset:
                    break
                gone += 1
            self.tail = self.tail[gone * BATCH_ENTRY_BYTES :]
            self.first_entry = self.tail_entry
            self.min_offset = offset


_next_offset = attrgetter("next_offset")


class QueueTable(dict[tuple[str, int], QueueState]):
    """Every queue; asking by index for one that does not exist makes it."""

    batch_topics: Set[str] = frozenset()
    """Topics whose queues are batch queues (``batch_queue``); they may change."""

    def __missing__(self, key: tuple[str, int]) -> QueueState:
        """Make the queue."""
        make = BatchQueueState if key[0] in self.batch_topics else QueueState
        state = self[key] = make(*key)
        return state

    def entry_count(self) -> int:
        """Add up the next offsets of all queues."""
        return sum(map(_next_offset, self.values()))


def take_offsets(
    queues: QueueTable, batch: SendBatch
) -> tuple[list[QueueState], list[int]]:
    """Give each message of *batch* its queue and its queue offset."""
    states = []
    offsets = []
    for key in zip(batch.topics, batch.queue_ids, strict=True):
        state = queues[key]
        states.append(state)
        offset = state.next_offset
        offsets.append(offset)
        state.next_offset = offset + 1
    return states, offsets


def give_back_offsets(queues: QueueTable, states: Sequence[QueueState]) -> None:
    """Undo ``take_offsets`` of messages that were not stored."""
    for state in states:
        state.next_offset -= 1
        if not state.next_offset:
            queues.pop((state.topic, state.queue_id), None)


def add_entries(
    states: Sequence[QueueState],
    sizes: Sequence[int],
    tags_codes: Sequence[int],
    physical_offset: int,
) -> list[int]:
    """Put the entries of records stored in a row into the tails of their queues.

    Gives the physical offsets; the first record begins at *physical_offset*.
    """
    pack = ENTRY.pack
    offsets = []
    for state, size, tags_code in zip(states, sizes, tags_codes, strict=True):
        state.tail += pack(physical_offset, size, tags_code)
        offsets.append(physical_offset)
        physical_offset += size
    return offsets


def arrivals_of(
    states: Sequence[QueueState], tags_codes: Sequence[int], store_ms: int
) -> list[Arrival]:
    """Say which queues grew, each once, for the arrival listeners."""
    last = dict(zip(states, tags_codes, strict=True))
    return [
        (state.topic, state.queue_id, state.next_offset, tags_code, store_ms)
        for state, tags_code in last.items()
    ]
