"""The log as bytes that come from a master, and the way back to where they agree."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from twistedmq.store.arrivals import Arrivals, logged_index_items
from twistedmq.store.files.index_backlog import IndexBacklog
from twistedmq.store.flush import Flusher
from twistedmq.store.interfaces import StoreFullError
from twistedmq.store.log_dispatch import LogDispatch
from twistedmq.store.log_scan import LoggedRecord, ScanEnd, scan
from twistedmq.store.queue_state import QueueState
from twistedmq_sqlite.expiry import SqliteExpiry

_NO_END: Final = 1 << 62


def refusal(path: Path, error: sqlite3.Error) -> StoreFullError:
    """Say that nothing was stored, and why."""
    return StoreFullError(f"the message cannot be written to {path}: {error}")


class SqliteReplica(SqliteExpiry):
    """Provides IReplicableLog; ``SqliteStore`` adds the rest."""

    _arrivals: Arrivals
    _flusher: Flusher
    _backlog: IndexBacklog
    _has_index: bool
    _moved: int
    confirm_offset: int

    def log_write(self, offset: int, data: bytes) -> None:
        """Add bytes that a master wrote; a cut record waits in memory."""
        expected = self.log_bounds()[1]
        if offset != expected:
            raise ValueError(f"the log ends at {expected}, not at {offset}")
        if self._flusher.failed is not None:
            raise StoreFullError(self._flusher.failed)
        held = memoryview(self._rest + data)
        found = scan(held, self._end, _NO_END)
        if found.reason is not ScanEnd.MORE:
            raise ValueError(f"at {found.end} there is no record")
        whole = found.end - self._end
        if whole:
            self._add_logged(held, found.records)
        self._rest = bytes(held[whole:])

    def _add_logged(self, held: memoryview, records: Sequence[LoggedRecord]) -> None:
        states: list[QueueState] = []
        tags_codes: list[int] = []
        entries: list[tuple[QueueState, int, int, int, int]] = []
        rows = []
        dispatch = LogDispatch(self._queues, self._config.value)
        try:
            for record in records:
                place, size = record.physical_offset, record.size
                start = place - self._end
                rows.append((place, bytes(held[start : start + size])))
                done = dispatch.add(record)
                if done.begun_anew:
                    entries = [e for e in entries if e[0] not in done.begun_anew]
                    self._tables.delete_queues(done.begun_anew)
                states += done.states
                tags_codes += [done.tags_code] * len(done.states)
                entry = place, size, done.tags_code
                entries += [(s, s.next_offset - 1, *entry) for s in done.states]
            self._tables.add(rows, entries)
        except sqlite3.Error as error:
            self._reload()
            raise refusal(self._database.path, error) from error
        self._end = records[-1].physical_offset + records[-1].size
        self._recent.reset(self._end)
        for state in states:
            state.tail = bytearray()
        if self._has_index:
            self._index_now(records)
        self._arrivals.tell(states, tags_codes, records[-1].store_ms)

    def _index_now(self, records: Sequence[LoggedRecord]) -> None:
        assert self._index is not None
        self._backlog.put_all()
        self._index.put(logged_index_items(records))

    def _reload(self) -> None:
        """Have memory say what the tables say."""
        self._queues.clear()
        self._tables.load_queues(self._queues)
        self._begin, self._end = self._tables.bounds()
        self._recent.reset(self._end)

    def log_truncate(self, offset: int) -> None:
        """Forget everything from *offset* on."""
        assert self._index is not None
        self._backlog.put_all()
        self._rest = b""
        try:
            self._tables.truncate(offset)
        except sqlite3.Error as error:
            raise refusal(self._database.path, error) from error
        self._reload()
        self._index.truncate(offset)
        self._flusher.truncated(self._end)
        self.confirm_offset = min(self.confirm_offset, self._end)
        self._moved = min(self._moved, self._end)
