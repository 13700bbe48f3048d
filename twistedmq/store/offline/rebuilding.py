"""Queues and index made anew from the records of the log, in folders of their own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from twistedmq.protocol.record import MIN_RECORD_BYTES
from twistedmq.protocol.system_flags import TRANSACTION_MASK, TRANSACTION_ROLLBACK
from twistedmq.store.files.hash_index import HashIndex
from twistedmq.store.files.paths import file_name
from twistedmq.store.files_layer import Files, OpenFile, write_all
from twistedmq.store.index_interfaces import IndexItem
from twistedmq.store.log_scan import LoggedRecord, TagsCodes, queues_of
from twistedmq.store.offline.directory import (
    BATCH_ENTRY_BYTES,
    PLAIN_ENTRY_BYTES,
    StoreDirectory,
)
from twistedmq.store.offline.index_reading import HEADER, ITEM, SLOT_BYTES
from twistedmq.store.offline.log_reading import LogReader
from twistedmq.store.offline.queue_entries import BATCH_ENTRY, Entry, QueueReader
from twistedmq.store.offline.queue_progress import batch_of, is_in_queues
from twistedmq.store.offline.tables import known_topics
from twistedmq.store.queue_state import ENTRY, FILLER_SIZE

_FILLER: Final = ENTRY.pack(0, FILLER_SIZE, 0)
_BUFFERED_BYTES: Final = 64 * 1024
_RECORDS_A_FLUSH: Final = 20_000

Makers = Mapping[tuple[str, int], "QueueMaker"]


class _Placed(Struct):
    """A record and where it says it belongs."""

    physical_offset: int
    size: int
    tags_code: int
    queue_offset: int


class QueueMaker:
    """Makes the files of one queue."""

    def __init__(
        self, directory: StoreDirectory, files: Files, new: Path, key: tuple[str, int]
    ) -> None:
        """Write below the folder *new*."""
        folder = directory.queues.get(key)
        topic, queue_id = key
        self.is_batch = is_batch_topic(directory, topic)
        self._directory = directory
        self._folder = folder
        kind = "batchconsumequeue" if self.is_batch else "consumequeue"
        place = Path(kind, topic, str(queue_id))
        self._old = directory.root / place
        self._new = new / place
        self._files = files
        size = BATCH_ENTRY_BYTES if self.is_batch else PLAIN_ENTRY_BYTES
        usual = directory.batch_file_bytes if self.is_batch else 0
        file_bytes = usual or directory.plain_file_bytes
        self._file_bytes = folder.file_bytes if folder is not None else file_bytes
        self._entry_bytes = size
        self._at: int | None = folder.bases[0] if folder and self.is_batch else None
        """Where the next entry goes, in bytes; None before the first."""
        self._last_end = 0
        self._odd: _Placed | None = None
        """A record whose queue offset did not follow; the next one will tell."""
        self._passed: list[_Placed] = []
        """Records since the last entry whose queue offset is not believed."""
        self._buffer = bytearray()
        self._file: OpenFile | None = None
        self._base = -1

    @staticmethod
    def add_to(makers: Makers, record: LoggedRecord, codes: TagsCodes) -> None:
        """Give *record* to those of *makers* whose queues hold it."""
        if not is_in_queues(record):
            return
        for topic, queue_id, queue_offset in queues_of(record):
            maker = makers.get((topic, queue_id))
            if maker is not None:
                maker.add(record, queue_offset, codes.of(record))

    def add(self, record: LoggedRecord, queue_offset: int, tags_code: int) -> None:
        """Add the entry of one record.

        No checksum covers its queue offset in the default format, so one that does not
        follow is believed only if the next one follows it.
        """
        if self.is_batch:
            base, count = batch_of(record)
            place = record.physical_offset, record.size, tags_code, record.store_ms
            self._put(BATCH_ENTRY.pack(*place, base, count, -1, 0))
            return
        placed = _Placed(record.physical_offset, record.size, tags_code, queue_offset)
        odd, self._odd = self._odd, None
        if odd is not None:
            if queue_offset == odd.queue_offset + 1:
                self._jump(odd)
            else:
                self._passed.append(odd)
        if self._at is None or queue_offset == self._at // ENTRY.size:
            self._place(placed)
        elif self._passed and self._could_follow(placed):
            self._jump(placed)
        else:
            self._odd = placed

    def _could_follow(self, placed: "_Placed") -> bool:
        """Whether what lies between in the log can have held what is missing."""
        assert self._at is not None
        missing = placed.queue_offset - self._at // ENTRY.size
        room = placed.physical_offset - self._last_end
        return 0 <= missing * MIN_RECORD_BYTES <= room

    def _jump(self, placed: "_Placed") -> None:
        if self._could_follow(placed):
            self._fill_to(placed.queue_offset)
            self._place(placed)
        else:
            self._at = None  # its topic was deleted and made again
            self._place(placed)

    def _place(self, placed: "_Placed") -> None:
        if self._at is None:
            self._buffer.clear()
            self._file = None
            self._files.remove(self._new)
            wanted = placed.queue_offset * ENTRY.size
            self._at = wanted - wanted % self._file_bytes
            self._base = -1
            self._passed.clear()
            while self._at < wanted:
                self._put(_FILLER)
        self._put(ENTRY.pack(placed.physical_offset, placed.size, placed.tags_code))
        self._last_end = placed.physical_offset + placed.size

    def _fill_to(self, queue_offset: int) -> None:
        """Fill what is missing: as it was, where that leads to a record passed over."""
        assert self._at is not None
        passed = {odd.physical_offset for odd in self._passed}
        self._passed.clear()
        while self._at < queue_offset * ENTRY.size:
            entry = self._old_entry(self._at // ENTRY.size) if passed else None
            if entry is not None and entry.physical_offset in passed:
                was = entry.physical_offset, entry.size, entry.tags_code
                self._put(ENTRY.pack(*was))
            else:
                self._put(_FILLER)  # its record is lost

    def _old_entry(self, queue_offset: int) -> Entry | None:
        if self._folder is None:
            return None
        return QueueReader(self._directory.files).entry(self._folder, queue_offset)

    def _end_with_odd(self) -> None:
        """Place the last record if it did not follow, where the old entries put it."""
        odd, self._odd = self._odd, None
        if odd is None or self._at is None:
            return
        old, following = self._old_entry(odd.queue_offset), self._at // ENTRY.size
        if (old is not None and old.physical_offset == odd.physical_offset) or (
            not odd.queue_offset and self._folder is None
        ):
            self._jump(odd)
        else:
            self._passed.append(odd)
            self._fill_to(following + len(self._passed))

    def _put(self, entry: bytes) -> None:
        if self._at is None:
            self._at = 0
        self._buffer += entry
        self._at += len(entry)
        if self._at % self._file_bytes == 0 or len(self._buffer) >= _BUFFERED_BYTES:
            self._write()

    def _write(self) -> None:
        if not self._buffer or self._at is None:
            return
        start = self._at - len(self._buffer)
        base = start - start % self._file_bytes
        if base != self._base or self._file is None:
            self._sync()
            path = self._new / file_name(base)
            self._file = self._files.open(path, create=True)
            self._file.resize(self._file_bytes)
            self._base = base
        write_all(self._file, self._buffer, start - base)
        self._buffer = bytearray()

    def _sync(self) -> None:
        if self._file is not None:
            self._file.sync()

    def finish(self) -> tuple[Path, Path]:
        """Write and sync what is left; gives the old folder and the new one."""
        if self._at is None:
            self._keep_bounds()
        self._end_with_odd()
        self._write()
        self._sync()
        self._file = None
        if self._files.is_folder(self._new):
            self._files.sync_folder(self._new)
        return self._old, self._new

    def _keep_bounds(self) -> None:
        """Where the log has no record of the queue, let its offsets go on as before."""
        if self._folder is None:
            return
        log_min = LogReader.of(self._directory).min_offset
        behind = 0
        for entry in QueueReader(self._files).entries(self._folder, 0):
            if entry.size and 0 <= entry.physical_offset < log_min:
                behind = entry.position + 1
        wanted = behind * PLAIN_ENTRY_BYTES
        if wanted:
            # the last entry's file has to be there
            self._at = (wanted - 1) // self._file_bytes * self._file_bytes
            while self._at < wanted:
                self._put(_FILLER)


def is_batch_topic(directory: StoreDirectory, topic: str) -> bool:
    """Whether the queues of *topic* have batch entries."""
    if any(key[0] == topic for key, q in directory.queues.items() if q.is_batch):
        return True
    attributes = known_topics(directory).get(topic, {})
    kinds = {attributes.get("queue.type"), attributes.get("+queue.type")}
    return "BatchCQ" in kinds


class IndexMaker:
    """Makes an index with files of the size that the old ones have."""

    def __init__(
        self, directory: StoreDirectory, files: Files, new: Path, slots: int
    ) -> None:
        """Write into the folder *new*."""
        sizes = [files.size(path) or 0 for path in directory.index_files]
        size = max(set(sizes), key=sizes.count)
        items = (size - HEADER.size - slots * SLOT_BYTES) // ITEM.size
        self._index = HashIndex(files, new, slots, items, 1)
        self._pending = 0

    def add(self, record: LoggedRecord) -> None:
        """Add the keys of one record."""
        if record.sys_flag & TRANSACTION_MASK == TRANSACTION_ROLLBACK:
            return
        self._index.put(
            [
                IndexItem(
                    record.topic,
                    record.properties,
                    record.physical_offset,
                    record.store_ms,
                )
            ]
        )
        self._pending += 1
        if self._pending >= _RECORDS_A_FLUSH:
            self._pending = 0
            self._index.flush()

    def finish(self) -> None:
        """Write and sync what is left."""
        self._index.close()
