"""The consume queues on the disk: ``consumequeue/TOPIC/QUEUE/OFFSET``.

Entries are derived from the log. They are written behind the replies, many at a time,
and read where the tail of a queue does not reach back far enough.
"""

from pathlib import Path
from typing import Final

from zope.interface import implementer

from twistedmq.store.files.entry_files import EntryFiles
from twistedmq.store.files.extended_files import ExtendedFiles, is_address
from twistedmq.store.files.open_files import OpenFiles
from twistedmq.store.files_layer import Files
from twistedmq.store.queue_interfaces import IQueueIndex, QueueFileKey
from twistedmq.store.queue_state import (
    ENTRY,
    ENTRY_BYTES,
    FILLER_SIZE,
    QueueState,
    QueueTable,
)

_FILLER: Final = ENTRY.pack(0, FILLER_SIZE, 0)
_ENTRIES_READ: Final = 4096


@implementer(IQueueIndex)
class QueueFiles(EntryFiles):
    """Queues of one entry a message: the number of an entry is its queue offset."""

    def __init__(
        self,
        files: Files,
        folder: Path,
        file_bytes: int,
        open_files: OpenFiles,
        extended: ExtendedFiles | None = None,
    ) -> None:
        """*extended* is what goes with the queues when their files are removed."""
        super().__init__(
            files,
            folder,
            file_bytes,
            open_files,
            entry_bytes=ENTRY_BYTES,
            setting="mappedFileSizeConsumeQueue",
        )
        self._extended = extended

    def write(self, state: QueueState) -> None:
        """Write the entries that no file has yet; see IQueueIndex."""
        count = self._file_bytes // ENTRY_BYTES
        while state.written_offset < state.next_offset:
            entries = state.in_tail(state.written_offset, count) or b""
            state.written_offset += self._put(state, state.written_offset, entries)

    def load(self, cut: int, log_min: int) -> QueueTable:
        """Give every queue on the disk, each ending before the first record at *cut*.

        What a file holds behind that is zeroed. For a thread.
        """
        if self._extended is not None:
            self._extended.load()
        queues = QueueTable()
        for topic, queue_id, bases in self._found():
            first, last = self._numbers(bases)
            end = self._end(topic, queue_id, first, last, cut)
            made_end = self._cut(topic, queue_id, bases, end)
            if end == first:
                continue
            state = queues[topic, queue_id] = QueueState(topic, queue_id, end)
            state.made_end = made_end
            state.min_offset = self._first_from(topic, queue_id, first, end, log_min)
        return queues

    def _end(self, topic: str, queue_id: int, low: int, high: int, cut: int) -> int:
        def is_before(entry: bytes) -> bool:
            physical_offset, size, _ = ENTRY.unpack(entry)
            return bool(size > 0 and 0 <= physical_offset < cut)

        return self.search(topic, queue_id, low, high, is_before)

    def _first_from(
        self, topic: str, queue_id: int, low: int, high: int, physical_offset: int
    ) -> int:
        def is_gone(entry: bytes) -> bool:
            offset, size, _ = ENTRY.unpack(entry)
            return bool(size == FILLER_SIZE or 0 <= offset < physical_offset)

        found = self.search(topic, queue_id, low, high, is_gone)
        # A filler stands for what is gone at the beginning, but also for what a crash
        # has lost further on: there it says nothing about what comes before it.
        while (last := self._last_message(topic, queue_id, low, found)) is not None:
            if is_gone(self.read(topic, queue_id, last, 1, resident=False)):
                break
            found = self.search(topic, queue_id, low, last, is_gone)
        return found

    def _last_message(
        self, topic: str, queue_id: int, low: int, high: int
    ) -> int | None:
        """Find the last entry in [*low*, *high*) that is no filler."""
        while high > low:
            start = max(low, high - _ENTRIES_READ)
            raw = self.read(topic, queue_id, start, high - start, resident=False)
            number = len(raw) // ENTRY_BYTES
            if raw != _FILLER * number:
                while raw.endswith(_FILLER, 0, number * ENTRY_BYTES):
                    number -= 1
                return start + number - 1
            high = start
        return None

    def first_from(self, state: QueueState, physical_offset: int) -> int:
        """Give the queue offset of the first entry at or behind an offset."""
        low, high = state.min_offset, state.written_offset
        topic, queue_id = state.topic, state.queue_id
        found = self._first_from(topic, queue_id, low, high, physical_offset)
        if found < high:
            return found
        entries = state.in_tail(high, state.next_offset - high) or b""
        for offset, size, _ in ENTRY.iter_unpack(entries):
            if size != FILLER_SIZE and offset >= physical_offset:
                break
            found += 1
        return found

    def cut(self, state: QueueState, physical_offset: int) -> None:
        """Make *state*, all of it written, end before the record at an offset."""
        topic, queue_id = state.topic, state.queue_id
        bases = self._bases(topic, queue_id)
        first = self._numbers(bases)[0] if bases else state.next_offset
        end = self._end(topic, queue_id, first, state.next_offset, physical_offset)
        state.made_end = self._cut(topic, queue_id, bases, end)
        state.tail = bytearray()
        state.next_offset = state.written_offset = end
        state.min_offset = min(state.min_offset, end)

    def remove(self, file: QueueFileKey) -> None:
        """Remove one file, and the extended units to which only it pointed."""
        super().remove(file)
        topic, queue_id, base, _ = file
        if self._extended is None or not self._extended.has(topic):
            return
        number = (base + self._file_bytes) // ENTRY_BYTES
        following = self.read(topic, queue_id, number, 1, resident=False)
        if following and is_address(code := ENTRY.unpack(following)[2]):
            self._extended.remove_before(topic, queue_id, code)

    def forget(self, topic: str, queue_id: int) -> None:
        """Remove all that is kept of a queue."""
        super().forget(topic, queue_id)
        if self._extended is not None:
            self._extended.remove(topic, queue_id)

    def set_aside(self, topic: str, target: Path) -> bool:
        """Move all that is kept of *topic* below *target*."""
        moved = super().set_aside(topic, target / self._folder.name)
        if self._extended is not None:
            return self._extended.set_aside(topic, target / "extended") or moved
        return moved

    def end_of_last_records(self, queues: QueueTable) -> int:
        """Give the physical offset behind the last record that any queue holds."""
        end = 0
        for state in queues.values():
            last = self.read(
                state.topic, state.queue_id, state.next_offset - 1, 1, False
            )
            physical_offset, size, _ = ENTRY.unpack(last)
            if size != FILLER_SIZE:
                end = max(end, physical_offset + size)
        return end
