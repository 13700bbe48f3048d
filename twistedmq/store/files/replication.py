"""The log as a master sends it: bytes that may end anywhere in a record."""

from msgspec import Struct

from twistedmq.config.store import StoreConfig
from twistedmq.store.arrivals import logged_index_items
from twistedmq.store.files.commit_log import CommitLog
from twistedmq.store.index_interfaces import IndexItem
from twistedmq.store.log_dispatch import LogDispatch
from twistedmq.store.log_scan import LoggedRecord, ScanEnd, scan
from twistedmq.store.queue_state import QueueState, QueueTable
from twistedmq.store.sealed_reading import seal_check


class Added(Struct):
    """What bytes from a master brought; columns of the first two."""

    states: list[QueueState]
    tags_codes: list[int]
    store_ms: int
    index_items: list[IndexItem]


class Follower:
    """Writes records to the log, and dispatches them, as they become whole.

    The bytes of a cut record wait in memory: the log on the disk always ends with a
    whole one, so that it can be vouched for, and appended to, at any time.
    """

    def __init__(self, log: CommitLog, config: StoreConfig, queues: QueueTable) -> None:
        """Begin at the end of *log*, which ends with a whole record."""
        self._log = log
        self._queues_filled = LogDispatch(queues, config)
        self._seals = seal_check(config)
        self._rest = b""
        self._rest_offset = log.end

    @property
    def end(self) -> int:
        """Where the master goes on."""
        if self._rest_offset != self._log.end:  # others appended meanwhile
            self.truncated(self._log.end)
        return self._rest_offset + len(self._rest)

    def write(self, data: bytes) -> Added:
        """Add *data*, which begins at ``end``.

        Raises:
            ValueError: what would be there is no record; all is as it was.
            OSError: all is as it was.
        """
        begin = self.end - len(self._rest)
        held = memoryview(self._rest + data)
        at, end = begin, begin + len(held)
        records: list[LoggedRecord] = []
        while at < end:
            segment_end = self._log.segment_end(at)
            found = scan(held[at - begin :], at, segment_end, seals=self._seals)
            records += found.records
            at = found.end
            if found.reason in (ScanEnd.BROKEN, ScanEnd.UNSEALED):
                raise ValueError(f"at {at} there is no record")
            if found.reason is not ScanEnd.BLANK or segment_end > end:
                break
            at = segment_end
        if at > begin:
            self._log.append_raw(held[: at - begin])
        self._rest, self._rest_offset = bytes(held[at - begin :]), at
        return self._dispatch(records)

    def _dispatch(self, records: list[LoggedRecord]) -> Added:
        states, tags_codes = [], []
        for record in records:
            done = self._queues_filled.add(record)
            states += done.states
            tags_codes += [done.tags_code] * len(done.states)
        store_ms = records[-1].store_ms if records else 0
        return Added(states, tags_codes, store_ms, logged_index_items(records))

    def truncated(self, offset: int) -> None:
        """Go on at *offset*, where the log ends now."""
        self._rest = b""
        self._rest_offset = offset
