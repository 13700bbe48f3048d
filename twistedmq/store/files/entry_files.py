"""Files full of entries of one size, a folder a queue: ``FOLDER/TOPIC/QUEUE/OFFSET``.

Entries are numbered from 0 on; where the number is not the queue offset, the caller
knows which is which. A file is named after the place of its first byte in the queue.
"""

import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final

from twisted.logger import Logger

from twistedmq.store.errors import StoreOpenError
from twistedmq.store.files.open_files import OpenFiles
from twistedmq.store.files.paths import file_name, is_file_name
from twistedmq.store.files_layer import Files, OpenFile, write_all
from twistedmq.store.queue_interfaces import QueueFileKey
from twistedmq.store.queue_reading import NotResidentError
from twistedmq.store.queue_state import FILLER_SIZE, QueueState

_WHOLE_DISK_FROM: Final = 200
"""So many files and their folders are synced sooner by syncing everything there is."""


class EntryFiles:
    """Reads, writes and removes entries by number; knows nothing of their fields.

    Args:
        files: the file system.
        folder: where the topics are.
        file_bytes: size of one file, rounded up to a whole number of entries.
        open_files: keeps files open.
        entry_bytes: size of one entry.
        setting: the key of *file_bytes*, for messages.
    """

    _log = Logger()

    def __init__(
        self,
        files: Files,
        folder: Path,
        file_bytes: int,
        open_files: OpenFiles,
        *,
        entry_bytes: int,
        setting: str,
    ) -> None:
        self._files = files
        self._folder = folder
        self._file_bytes = -(-file_bytes // entry_bytes) * entry_bytes
        self._entry_bytes = entry_bytes
        self._open = open_files
        self._setting = setting
        self._kind = folder.name
        self._root = f"{folder}{os.sep}"
        self._unsynced: set[QueueFileKey] = set()
        self._failed: set[QueueFileKey] = set()
        """Files that could not be synced the last time."""
        self._disk = files.whole_disk(folder)
        self._wanted: set[QueueFileKey] = set()
        """Files that ``make`` is to make, if nothing comes between."""
        self._making = Lock()
        """Held while one file is made, and while it is said that some are not wanted.

        So whoever removes a queue finds all that was made, and nothing is made later.
        """

    def _path(self, key: QueueFileKey) -> Path:
        topic, queue_id, base, _ = key
        return self._folder.joinpath(topic, str(queue_id), file_name(base))

    def _get(self, key: QueueFileKey, create: bool = False) -> OpenFile:
        def path() -> Path:
            return self._path(key)

        return self._open.get(key, path, self._file_bytes if create else 0)

    def has(self, file: QueueFileKey) -> bool:
        """Whether *file* is one of these."""
        return file[3] == self._kind

    # Making

    def lacks(self, state: QueueState) -> bool:
        """Say whether files have to be made before *state* is written."""
        return state.entries_end > state.made_end

    def to_make(self, states: Iterable[QueueState]) -> set[QueueFileKey]:
        """Give the files that have to be made before *states* are written."""
        keys = {key for state in states for key in self._lacking(state)}
        with self._making:
            self._wanted |= keys
        return keys

    def _lacking(self, state: QueueState) -> Iterator[QueueFileKey]:
        number = max(state.entries_written, state.made_end)
        if number < state.entries_end:
            start = number * self._entry_bytes
            start -= start % self._file_bytes
            end = state.entries_end * self._entry_bytes
            for base in range(start, end, self._file_bytes):
                yield state.topic, state.queue_id, base, self._kind

    def make(self, files: set[QueueFileKey]) -> None:
        """Make *files*, as far as they are still wanted; for a thread."""
        try:
            for key in sorted(files):
                with self._making:
                    if key in self._wanted:
                        self._files.make_folder(self._path(key).parent)
                        self._get(key, create=True)
        finally:
            with self._making:
                self._wanted -= files

    def _not_wanted(self, gone: Callable[[QueueFileKey], bool]) -> None:
        with self._making:
            if self._wanted:
                self._wanted -= {key for key in self._wanted if gone(key)}

    # Writing

    def _put(self, state: QueueState, number: int, entries: bytes) -> int:
        """Write as many of *entries*, from *number* on, as one file takes.

        Gives how many those were.
        """
        position = number * self._entry_bytes
        base = position - position % self._file_bytes
        entries = entries[: base + self._file_bytes - position]
        key = state.topic, state.queue_id, base, self._kind
        end = (base + self._file_bytes) // self._entry_bytes
        place = position - base
        if not (state.made_end >= end and self._put_existing(key, entries, place)):
            file = self._get(key, create=True)
            state.made_end = max(state.made_end, end)
            write_all(file, entries, place)
        self._unsynced.add(key)
        return len(entries) // self._entry_bytes

    def _put_existing(self, key: QueueFileKey, entries: bytes, place: int) -> bool:
        topic, queue_id, base, _ = key
        path = f"{self._root}{topic}{os.sep}{queue_id}{os.sep}{file_name(base)}"
        try:
            self._open.write(key, path, entries, place)
        except FileNotFoundError:
            return False  # removed by somebody else
        return True

    def unsynced(self) -> set[QueueFileKey]:
        """Give, and forget, the files that were written and not synced since."""
        taken, self._unsynced = self._unsynced, set()
        return taken

    def sync(self, files: set[QueueFileKey]) -> None:
        """Sync these files; for a thread."""
        many = len(files) >= _WHOLE_DISK_FROM
        if many and self._disk is not None and self._failed.isdisjoint(files):
            self._failed |= files
            self._disk.sync()
            self._failed -= files
            return
        folders = {self._folder.parent, self._folder} if files else set()
        for key in sorted(files):  # in one order, so that a simulation can be replayed
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
        """Give up to *count* packed entries from number *offset* on, as files go.

        Raises:
            NotResidentError: *resident* was asked and they are not in memory.
        """
        found = b""
        entry_bytes, file_bytes = self._entry_bytes, self._file_bytes
        while count > 0:
            position = offset * entry_bytes
            base = position - position % file_bytes
            size = min(count * entry_bytes, base + file_bytes - position)
            try:
                file = self._get((topic, queue_id, base, self._kind))
            except FileNotFoundError:
                return found
            place = position - base
            piece = file.read_resident(size, place) if resident else None
            if resident and piece is None:
                raise NotResidentError
            piece = bytes(file.read(size, place) if piece is None else piece)
            found += piece
            if len(piece) < size:
                return found[: len(found) // entry_bytes * entry_bytes]
            offset += size // entry_bytes
            count -= size // entry_bytes
        return found

    def search(
        self,
        topic: str,
        queue_id: int,
        low: int,
        high: int,
        holds: Callable[[bytes], bool],
    ) -> int:
        """Give the first number from *low* on whose entry does not hold; else *high*.

        It must hold for a run of entries at the beginning, and for none behind it. A
        missing entry is zeros.
        """
        while low < high:
            middle = (low + high) // 2
            entry = self.read(topic, queue_id, middle, 1, resident=False)
            if holds(entry.ljust(self._entry_bytes, b"\0")):
                low = middle + 1
            else:
                high = middle
        return low

    # Opening

    def _found(self) -> Iterator[tuple[str, int, list[int]]]:
        """Give each topic and queue id there are files of, and where they begin."""
        for topic in self._files.list(self._folder):
            for name in self._files.list(self._folder / topic):
                if name.isascii() and name.isdigit():
                    bases = self._bases(topic, int(name))
                    if bases:
                        yield topic, int(name), bases

    def _bases(self, topic: str, queue_id: int) -> list[int]:
        folder = self._folder / topic / str(queue_id)
        names = [name for name in self._files.list(folder) if is_file_name(name)]
        while names and not self._files.size(folder / names[-1]):
            self._files.remove(folder / names.pop())
        bases = []
        for name in names:
            size = self._files.size(folder / name) or 0
            # A loss of power may leave a file shorter than it was made.
            if size > self._file_bytes or int(name) % self._file_bytes:
                raise StoreOpenError(
                    folder,
                    f"its file {name} has {size} bytes, but "
                    f"{self._setting} is {self._file_bytes}",
                )
            bases.append(int(name))
        while (
            len(bases) > 1
            and bases[-1] - bases[0] != (len(bases) - 1) * self._file_bytes
        ):
            bases.pop()  # behind a gap: the log has it
        return bases

    def _numbers(self, bases: Sequence[int]) -> tuple[int, int]:
        """Give the number of the first entry, and the one behind the last."""
        return (
            bases[0] // self._entry_bytes,
            (bases[-1] + self._file_bytes) // self._entry_bytes,
        )

    def _cut(self, topic: str, queue_id: int, bases: Sequence[int], end: int) -> int:
        """Leave nothing from number *end* on, zeros excepted.

        Gives for how many entries there are files then.
        """
        self._not_wanted(lambda key: key[:2] == (topic, queue_id))
        position = end * self._entry_bytes
        made_end = 0
        for base in bases:
            key = topic, queue_id, base, self._kind
            if base > position or (base == position and base != bases[0]):
                EntryFiles.remove(self, key)
                self._unsynced.add(key)
                continue
            made_end = (base + self._file_bytes) // self._entry_bytes
            if base + self._file_bytes > position:
                file = self._get(key)
                if any(self.read(topic, queue_id, end, 1, resident=False)):
                    self._log.info(
                        "queue {topic}/{queue_id}: cut at entry {end}",
                        topic=topic,
                        queue_id=queue_id,
                        end=end,
                    )
                file.resize(position - base)
                file.resize(self._file_bytes)
                self._unsynced.add(key)
        return made_end

    # Deleting

    def expired(
        self, topic: str, queue_id: int, physical_offset: int
    ) -> list[QueueFileKey]:
        """Give the files whose entries all point before *physical_offset*.

        Every entry begins with where it points to, and the size of what is there. Only
        names are looked at: the last file may just be being made.
        """
        gone = []
        folder = self._folder / topic / str(queue_id)
        names = [name for name in self._files.list(folder) if is_file_name(name)]
        for base in map(int, names[:-1]):
            last = (base + self._file_bytes) // self._entry_bytes - 1
            entry = self.read(topic, queue_id, last, 1, resident=False)
            size = int.from_bytes(entry[8:12])
            if int.from_bytes(entry[:8]) >= physical_offset or (
                not 0 < size < FILLER_SIZE
            ):
                break
            gone.append((topic, queue_id, base, self._kind))
        return gone

    def remove(self, file: QueueFileKey) -> None:
        """Remove one file."""
        self._not_wanted(file.__eq__)
        self._open.drop(file)
        self._files.remove(self._path(file))

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

        self._not_wanted(gone)
        self._open.drop_where(is_gone)
        self._unsynced = {key for key in self._unsynced if not gone(key)}
