"""The consume queues on the disk: ``consumequeue/TOPIC/QUEUE/OFFSET``.

Entries are derived from the log. They are written behind the replies, many at a time,
and read where the tail of a queue does not reach back far enough.
"""

from collections.abc import Callable, Hashable
from contextlib import suppress
from pathlib import Path
from typing import Final

from twisted.logger import Logger

from twistedmq.store.errors import StoreOpenError
from twistedmq.store.files.open_files import OpenFiles
from twistedmq.store.files.paths import file_name, is_file_name
from twistedmq.store.files_layer import Files, OpenFile, write_all
from twistedmq.store.queue_reading import NotResidentError
from twistedmq.store.queue_state import (
    ENTRY,
    ENTRY_BYTES,
    FILLER_SIZE,
    QueueState,
    QueueTable,
)

_NOTHING: Final = bytes(ENTRY_BYTES)
QueueFileKey = tuple[str, int, int]
"""Topic, queue id, offset in bytes: names one file."""


class QueueFiles:
    """Reads and writes packed entries by queue offset."""

    _log = Logger()

    def __init__(
        self, files: Files, folder: Path, file_bytes: int, open_files: OpenFiles
    ) -> None:
        self._files = files
        self._folder = folder
        self._file_bytes = -(-file_bytes // ENTRY_BYTES) * ENTRY_BYTES
        self._open = open_files
        self._unsynced: set[QueueFileKey] = set()
        self._failed: set[QueueFileKey] = set()
        """Files that could not be synced the last time."""

    def _get(self, key: QueueFileKey, create: bool = False) -> OpenFile:
        def path() -> Path:
            topic, queue_id, base = key
            return self._folder / topic / str(queue_id) / file_name(base)

        return self._open.get(key, path, self._file_bytes if create else 0)

    # Writing

    def write(self, state: QueueState) -> None:
        """Write the entries that no file has yet.

        Raises:
            OSError: ``written_offset`` says how far it came.
        """
        while state.written_offset < state.next_offset:
            position = state.written_offset * ENTRY_BYTES
            base = position - position % self._file_bytes
            count = (base + self._file_bytes - position) // ENTRY_BYTES
            entries = state.in_tail(state.written_offset, count) or b""
            key = state.topic, state.queue_id, base
            write_all(self._get(key, create=True), entries, position - base)
            self._unsynced.add(key)
            state.written_offset += len(entries) // ENTRY_BYTES

    def unsynced(self) -> set[QueueFileKey]:
        """Give, and forget, the files that were written and not synced since."""
        taken, self._unsynced = self._unsynced, set()
        return taken

    def sync(self, keys: set[QueueFileKey]) -> None:
        """Sync these files; for a thread."""
        folders = {self._folder.parent, self._folder} if keys else set()
        for key in keys:
            topic = self._folder / key[0]
            folders |= {topic, topic / str(key[1])}
            with suppress(FileNotFoundError):  # cut off, or its topic was deleted
                if key in self._failed:
                    self._write_again(key)
                self._failed.add(key)
                self._get(key).sync()
            self._failed.discard(key)
        for folder in sorted(folders):
            if self._files.is_folder(folder):
                self._files.sync_folder(folder)

    def _write_again(self, key: QueueFileKey) -> None:
        """Write what a file holds once more, because syncing it failed.

        Without that, the next sync would call a success what the disk never got.
        """
        self._open.drop(key)
        file = self._get(key)
        data = bytes(file.read(self._file_bytes, 0)).rstrip(b"\0")
        write_all(file, data, 0)

    # Reading

    def read(
        self, topic: str, queue_id: int, offset: int, count: int, resident: bool
    ) -> bytes:
        """Give up to *count* packed entries from *offset* on, as far as files go.

        Raises:
            NotResidentError: *resident* was asked and they are not in memory.
        """
        found = b""
        while count > 0:
            position = offset * ENTRY_BYTES
            base = position - position % self._file_bytes
            size = min(count * ENTRY_BYTES, base + self._file_bytes - position)
            try:
                file = self._get((topic, queue_id, base))
            except FileNotFoundError:
                return found
            place = position - base
            piece = file.read_resident(size, place) if resident else None
            if resident and piece is None:
                raise NotResidentError
            found += bytes(file.read(size, place) if piece is None else piece)
            offset += size // ENTRY_BYTES
            count -= size // ENTRY_BYTES
        return found

    # Opening

    def load(self, cut: int, log_min: int) -> QueueTable:
        """Give every queue on the disk, each ending before the first record at *cut*.

        What a file holds behind that is zeroed. For a thread.
        """
        queues = QueueTable()
        for topic in self._files.list(self._folder):
            for name in self._files.list(self._folder / topic):
                if not (name.isascii() and name.isdigit()):
                    continue
                state = self._load_queue(topic, int(name), cut, log_min)
                if state is not None:
                    queues[topic, int(name)] = state
        return queues

    def _load_queue(
        self, topic: str, queue_id: int, cut: int, log_min: int
    ) -> QueueState | None:
        bases = self._bases(topic, queue_id)
        if not bases:
            return None

        def is_before(physical_offset: int, size: int) -> bool:
            return size > 0 and 0 <= physical_offset < cut

        first = bases[0] // ENTRY_BYTES
        last = (bases[-1] + self._file_bytes) // ENTRY_BYTES
        end = self._search(topic, queue_id, first, last, is_before)
        if end == first:
            self._cut(topic, queue_id, bases, end)
            return None
        state = QueueState(topic, queue_id, end)
        self._cut(topic, queue_id, bases, end)

        def is_gone(physical_offset: int, size: int) -> bool:
            return size == FILLER_SIZE or 0 <= physical_offset < log_min

        state.min_offset = self._search(topic, queue_id, first, end, is_gone)
        return state

    def _bases(self, topic: str, queue_id: int) -> list[int]:
        folder = self._folder / topic / str(queue_id)
        names = [name for name in self._files.list(folder) if is_file_name(name)]
        bases = []
        for name in names:
            size = self._files.size(folder / name)
            if not size:
                self._files.remove(folder / name)
                continue
            # A loss of power may leave a file shorter than it was made.
            if size > self._file_bytes or int(name) % self._file_bytes:
                raise StoreOpenError(
                    folder,
                    f"its file {name} has {size} bytes, but "
                    f"mappedFileSizeConsumeQueue is {self._file_bytes}",
                )
            bases.append(int(name))
        while (
            len(bases) > 1
            and bases[-1] - bases[0] != (len(bases) - 1) * self._file_bytes
        ):
            bases.pop()  # behind a gap: the log has it
        return bases

    def _search(
        self,
        topic: str,
        queue_id: int,
        low: int,
        high: int,
        holds: Callable[[int, int], bool],
    ) -> int:
        """Give the first offset from *low* on whose entry does not hold."""
        while low < high:
            middle = (low + high) // 2
            entry = self.read(topic, queue_id, middle, 1, resident=False)
            physical_offset, size, _ = ENTRY.unpack(entry.ljust(ENTRY_BYTES, b"\0"))
            if holds(physical_offset, size):
                low = middle + 1
            else:
                high = middle
        return low

    def _cut(self, topic: str, queue_id: int, bases: list[int], end: int) -> None:
        """Leave nothing from queue offset *end* on, zeros excepted."""
        position = end * ENTRY_BYTES
        for base in bases:
            key = topic, queue_id, base
            if base > position or (base == position and base != bases[0]):
                self._open.drop(key)
                self._unsynced.add(key)
                self._files.remove(
                    self._folder / topic / str(queue_id) / file_name(base)
                )
            elif base + self._file_bytes > position:
                file = self._get(key)
                if self.read(topic, queue_id, end, 1, resident=False) != _NOTHING:
                    self._log.info(
                        "queue {topic}/{queue_id}: cut at {end}",
                        topic=topic,
                        queue_id=queue_id,
                        end=end,
                    )
                file.resize(position - base)
                file.resize(self._file_bytes)
                self._unsynced.add(key)

    def cut(self, state: QueueState, physical_offset: int) -> None:
        """Make *state*, all of it written, end before the record at an offset."""

        def is_before(offset: int, size: int) -> bool:
            return size > 0 and offset < physical_offset

        bases = self._bases(state.topic, state.queue_id)
        first = bases[0] // ENTRY_BYTES if bases else state.next_offset
        end = self._search(
            state.topic, state.queue_id, first, state.next_offset, is_before
        )
        self._cut(state.topic, state.queue_id, bases, end)
        state.tail = bytearray()
        state.next_offset = state.written_offset = end
        state.min_offset = min(state.min_offset, end)

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

    # Deleting

    def forget(self, topic: str, queue_id: int) -> None:
        """Remove the files of a queue that begins anew."""
        self._drop(lambda key: key[:2] == (topic, queue_id))
        self._files.remove(self._folder / topic / str(queue_id))

    def set_aside(self, topic: str, target: Path) -> bool:
        """Move the files of *topic* to *target*, to be removed at leisure."""
        self._drop(lambda key: key[0] == topic)
        if not self._files.is_folder(self._folder / topic):
            return False
        self._files.rename(self._folder / topic, target)
        return True

    def _drop(self, gone: Callable[[QueueFileKey], bool]) -> None:
        def is_gone(key: Hashable) -> bool:
            return isinstance(key, tuple) and gone(key)

        self._open.drop_where(is_gone)
        self._unsynced = {key for key in self._unsynced if not gone(key)}
