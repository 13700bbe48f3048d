"""The key index: ``index/TIME``, hash tables of one size, one after the other."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Final

from twisted.logger import Logger
from zope.interface import implementer

from twistedmq.config.store import StoreConfig
from twistedmq.protocol.properties import java_hash
from twistedmq.store.files.index_file import IndexFile, IndexRow
from twistedmq.store.files.paths import StorePaths
from twistedmq.store.files_layer import Files
from twistedmq.store.index_interfaces import IIndexStrategy, IndexHits, IndexItem
from twistedmq.store.index_keys import find_key, hashes_of, positive

_NAME_DIGITS: Final = 17


@implementer(IIndexStrategy)
class HashIndex:
    """Puts go to memory; ``flush`` writes and syncs them.

    ``put`` and ``truncate`` are called in one thread, ``find`` and ``flush`` in any.
    """

    _log = Logger()

    def __init__(
        self, files: Files, folder: Path, slots: int, items: int, query_limit: int
    ) -> None:
        """Open the index in *folder*; nothing is made before something is put."""
        self._files = files
        self._folder = folder
        self._slots = slots
        self._items = items
        self._query_limit = query_limit
        self._lock = Lock()
        self._opened: list[IndexFile] = []
        for name in files.list(folder):
            self._open(name)
        self._last_offset = max((f.end_offset for f in self._opened), default=-1)

    @classmethod
    def of(cls, files: Files, config: StoreConfig) -> "HashIndex":
        """Open the index of the store that *config* describes."""
        return cls(
            files,
            StorePaths(config).index,
            config.index_slots,
            config.index_items,
            config.index_query_limit,
        )

    def _open(self, name: str) -> None:
        wanted = IndexFile.file_bytes(self._slots, self._items)
        path = self._folder / name
        if len(name) != _NAME_DIGITS or not name.isdigit():
            return
        if self._files.size(path) != wanted:
            self._log.warn(
                "index file {path} is left aside: it has not {wanted} bytes, as "
                "maxHashSlotNum and maxIndexNum say",
                path=str(path),
                wanted=wanted,
            )
            return
        file = IndexFile(self._files, path, self._slots, self._items, self._lock)
        if file.is_empty:
            return
        self._opened.append(file)

    def put(self, items: Sequence[IndexItem]) -> None:
        """Add the keys of *items*; those already put are passed over."""
        last = self._last_offset
        rows: list[IndexRow] = []
        for item in items:
            offset, store_ms = item.physical_offset, item.store_ms
            if offset <= last:
                continue
            for key_hash in hashes_of(item.topic, bytes(item.properties)):
                rows.append((key_hash, offset, store_ms))
                last = offset
        while rows:
            rows = rows[self._current(rows[0][2]).add(rows) :]
        self._last_offset = last

    @property
    def must_be_prepared(self) -> bool:
        """Whether there is a table on the disk that will be added to."""
        return bool(self._opened) and not self._opened[-1].is_full

    def prepare(self) -> None:
        """Do in a thread what the first ``put`` would do, and that takes long."""
        if self.must_be_prepared:
            self._opened[-1].prepare()

    def expire(self, physical_offset: int) -> None:
        """Remove the tables, but for the newest, that know nothing newer."""
        opened = self._opened
        while len(opened) > 1 and opened[0].end_offset < physical_offset:
            self._files.remove(self._folder / opened.pop(0).name)

    def _current(self, now_ms: int) -> IndexFile:
        if self._opened and not self._opened[-1].is_full:
            return self._opened[-1]
        path = self._folder / self._new_name(now_ms)
        file = IndexFile(self._files, path, self._slots, self._items, self._lock)
        self._opened.append(file)
        return file

    def _new_name(self, now_ms: int) -> str:
        at = datetime.fromtimestamp(now_ms / 1000)
        name = f"{at:%Y%m%d%H%M%S}{now_ms % 1000:03d}"
        last = self._opened[-1].name if self._opened else ""
        return name if name > last else f"{int(last) + 1:0{_NAME_DIGITS}d}"

    def find(
        self,
        topic: str,
        key: str,
        max_count: int,
        begin_ms: int,
        end_ms: int,
        index_type: str,
    ) -> IndexHits:
        """Find by the hash of the key: what comes back may hold other keys."""
        opened = list(self._opened)
        if not opened:
            return IndexHits([])
        key_hash = positive(java_hash(find_key(topic, key, index_type)))
        most = min(max_count, self._query_limit)
        hits: list[int] = []
        for file in reversed(opened):
            if file.overlaps(begin_ms, end_ms):
                hits += file.select(key_hash, most - len(hits), begin_ms, end_ms)
            if file.begin_ms < begin_ms or len(hits) >= most:
                break
        return IndexHits(hits, opened[-1].end_ms, opened[-1].end_offset)

    def indexed_offset(self) -> int:
        """Give the physical offset of the last record put; -1 if there is none."""
        return self._last_offset

    @property
    def whole_ms(self) -> int:
        """Store time of the last message on the disk, for the checkpoint."""
        return max((f.flushed_ms for f in self._opened), default=0)

    def flush(self) -> None:
        """Write and sync what was put."""
        self._flush_tables()
        self._sync_folders()

    def _flush_tables(self) -> None:
        for file in list(self._opened):
            file.flush()

    def _sync_folders(self) -> None:
        if self._files.is_folder(self._folder):
            self._files.sync_folder(self._folder)
            self._files.sync_folder(self._folder.parent)

    def truncate(self, physical_offset: int) -> None:
        """Forget items at or behind *physical_offset*, on the disk too.

        What comes back after a loss of power would stand for the records that are
        written there next.
        """
        known = len(self._opened)
        # A table is cut on the disk. Without those before it, it would say that their
        # items are there.
        self._flush_tables()
        while self._opened and self._opened[-1].end_offset >= physical_offset:
            file = self._opened[-1]
            if file.truncate(physical_offset):
                break
            self._opened.pop()
            self._files.remove(self._folder / file.name)
        if len(self._opened) < known:
            self._sync_folders()
        self._last_offset = max((f.end_offset for f in self._opened), default=-1)

    def close(self) -> None:
        """Flush and close."""
        self.flush()
