"""The batch consume queues on the disk: ``batchconsumequeue/TOPIC/QUEUE/OFFSET``.

Like the others they are derived from the log, written behind the replies, and made
again from the log after a crash.
"""

from pathlib import Path

from twistedmq.store.batch_queue import (
    BatchEntry,
    BatchView,
    ReadEntries,
    entry_of,
    first_number,
)
from twistedmq.store.files.entry_files import EntryFiles
from twistedmq.store.files.open_files import OpenFiles
from twistedmq.store.files_layer import Files
from twistedmq.store.queue_state import BATCH_ENTRY_BYTES, BatchQueueState


class BatchQueueFiles(EntryFiles):
    """Writes and reads the entries of batch queues; see IQueueIndex for the methods."""

    def __init__(
        self, files: Files, folder: Path, file_bytes: int, open_files: OpenFiles
    ) -> None:
        super().__init__(
            files,
            folder,
            file_bytes,
            open_files,
            entry_bytes=BATCH_ENTRY_BYTES,
            setting="mapperFileSizeBatchConsumeQueue",
        )

    def reads(self, view: BatchView, resident: bool) -> ReadEntries:
        """Give what reads the entries of a queue, from its files or its tail."""

        def read(number: int, count: int) -> bytes:
            if number >= view.tail_entry:
                return view.in_tail(number, count)
            topic, queue_id = view.topic, view.queue_id
            before = min(count, view.tail_entry - number)
            found = self.read(topic, queue_id, number, before, resident)
            if before == count or len(found) < before * BATCH_ENTRY_BYTES:
                return found
            return found + view.in_tail(view.tail_entry, count - before)

        return read

    def write(self, state: BatchQueueState) -> None:
        """Write the entries that no file has yet."""
        count = self._file_bytes // BATCH_ENTRY_BYTES
        while state.written_entry < state.next_entry:
            entries = state.unwritten(count)
            state.written_entry += self._put(state, state.written_entry, entries)

    def topics(self) -> set[str]:
        """Give the topics that have queues here."""
        return set(self._files.list(self._folder))

    def load(self, cut: int, log_min: int) -> dict[tuple[str, int], BatchQueueState]:
        """Give every queue on the disk, ending before the first record at *cut*."""
        queues = {}
        for topic, queue_id, bases in self._found():
            state = BatchQueueState(topic, queue_id)
            state.first_entry, state.next_entry = self._numbers(bases)
            self._end_before(state, bases, cut)
            if state.next_entry > state.first_entry:
                state.min_offset = self.first_from(state, log_min)
                queues[topic, queue_id] = state
        return queues

    def _end_before(self, state: BatchQueueState, bases: list[int], cut: int) -> None:
        """Drop the entries of *state* from the first one at or behind *cut* on."""

        def is_before(entry: BatchEntry) -> bool:
            physical_offset, size = entry[:2]
            return size > 0 and entry[5] > 0 and 0 <= physical_offset < cut

        state.tail = bytearray()
        read = self.reads(BatchView.of(state), resident=False)
        end = first_number(state.first_entry, state.next_entry, read, is_before)
        state.made_end = self._cut(state.topic, state.queue_id, bases, end)
        state.next_entry = state.written_entry = end
        state.next_offset = 0
        if end > state.first_entry:
            last = entry_of(read(end - 1, 1))
            state.next_offset = last[4] + last[5]

    def first_from(self, state: BatchQueueState, physical_offset: int) -> int:
        """Give the queue offset of the first entry at or behind an offset."""
        view = BatchView.of(state)
        read = self.reads(view, resident=False)
        number = first_number(
            view.first_entry,
            view.next_entry,
            read,
            lambda entry: 0 <= entry[0] < physical_offset,
        )
        if number == view.next_entry:
            return view.max_offset
        return entry_of(read(number, 1))[4]

    def cut(self, state: BatchQueueState, physical_offset: int) -> None:
        """Make *state*, all of it written, end before the record at an offset."""
        bases = self._bases(state.topic, state.queue_id)
        state.first_entry = bases[0] // BATCH_ENTRY_BYTES if bases else state.next_entry
        self._end_before(state, bases, physical_offset)
        state.min_offset = min(state.min_offset, state.next_offset)

    def end_of_last_record(self, state: BatchQueueState) -> int:
        """Give the physical offset behind the last record of a loaded queue."""
        last = self.read(state.topic, state.queue_id, state.next_entry - 1, 1, False)
        return sum(entry_of(last)[:2])
