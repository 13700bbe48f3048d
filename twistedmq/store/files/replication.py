"""The log as a master sends it: bytes that may end anywhere in a record."""

from msgspec import Struct

from twistedmq.config.store import StoreConfig
from twistedmq.store.arrivals import logged_index_items
from twistedmq.store.files.commit_log import CommitLog
from twistedmq.store.interfaces import IndexItem
from twistedmq.store.log_scan import LoggedRecord, ScanEnd, TagsCodes, queues_of, scan
from twistedmq.store.queue_state import ENTRY, QueueState, QueueTable, add_logged
from twistedmq.store.sealed_reading import seal_check


class Added(Struct):
    """What bytes from a master brought; columns of the first two."""

    states: list[QueueState]
    tags_codes: list[int]
    store_ms: int
    index_items: list[IndexItem]


class Follower:
    """Writes bytes to the log and dispatches the records that became whole."""

    def __init__(self, log: CommitLog, config: StoreConfig, queues: QueueTable) -> None:
        """Begin at the end of *log*, which ends with a whole record."""
        self._log = log
        self._queues = queues
        self._tags_codes = TagsCodes(config.delay_levels)
        self._seals = seal_check(config)
        self._rest = bytearray()
        self._rest_offset = log.end

    def write(self, data: bytes) -> Added:
        """Add *data* at the end of the log.

        Raises:
            ValueError: what would be there is no record; the log is as it was.
            OSError: the log is as it was.
        """
        begin = self._log.end
        if self._rest_offset + len(self._rest) != begin:  # others appended meanwhile
            self.truncated(begin)
        self._log.append_raw(memoryview(data))
        self._rest += data
        records: list[LoggedRecord] = []
        while self._rest:
            at = self._rest_offset
            segment_end = self._log.segment_end(at)
            found = scan(
                memoryview(bytes(self._rest)), at, segment_end, seals=self._seals
            )
            records += found.records
            if found.reason in (ScanEnd.BROKEN, ScanEnd.UNSEALED):
                self._log.truncate(begin)
                del self._rest[len(self._rest) - len(data) :]
                raise ValueError(f"at {found.end} there is no record")
            self._advance(found.end)
            if found.reason is not ScanEnd.BLANK or not self._has(segment_end):
                break
            self._advance(segment_end)
        return self._dispatch(records)

    def _has(self, offset: int) -> bool:
        return self._rest_offset + len(self._rest) >= offset

    def _advance(self, offset: int) -> None:
        del self._rest[: offset - self._rest_offset]
        self._rest_offset = offset

    def _dispatch(self, records: list[LoggedRecord]) -> Added:
        states, tags_codes = [], []
        for record in records:
            tags_code = self._tags_codes.of(record)
            entry = ENTRY.pack(record.physical_offset, record.size, tags_code)
            for place in queues_of(record):
                states.append(add_logged(self._queues, place, entry)[0])
                tags_codes.append(tags_code)
        store_ms = records[-1].store_ms if records else 0
        return Added(states, tags_codes, store_ms, logged_index_items(records))

    def truncated(self, offset: int) -> None:
        """Go on at *offset*, where the log ends now."""
        self._rest.clear()
        self._rest_offset = offset
