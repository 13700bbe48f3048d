"""What happens between finding the files of a store and serving from them.

Recovery begins where the vouching file says; without one, where the genuine broker
would begin. From there each record is verified, queue entries and index items are made
anew, and the log ends before the first record that is not whole. Runs in a thread.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from twisted.logger import Logger

from twistedmq.config.store import StoreConfig
from twistedmq.store.arrivals import logged_index_items
from twistedmq.store.errors import StoreOpenError
from twistedmq.store.files.checkpoint import Checkpoint, read_checkpoint
from twistedmq.store.files.commit_log import CommitLog
from twistedmq.store.files.paths import DELETED_PREFIX, StorePaths
from twistedmq.store.files.queue_files import QueueFiles
from twistedmq.store.files.vouch import read_vouch
from twistedmq.store.files_layer import Files
from twistedmq.store.index_interfaces import IIndexStrategy
from twistedmq.store.log_scan import (
    STORE_TIME_REACH,
    LoggedRecord,
    ScanEnd,
    TagsCodes,
    queues_of,
    scan,
    store_time_of,
)
from twistedmq.store.queue_state import ENTRY, QueueState, QueueTable, add_logged
from twistedmq.store.sealed_reading import seal_check

_CHUNK_BYTES: Final = 4 * 1024 * 1024
_FAR: Final = 1 << 62


class Recovered(Struct):
    """What recovery found."""

    queues: QueueTable
    last_store_ms: int
    is_clean: bool
    """Whether nothing had to be done."""


class _Beginning(Struct):
    """Where to begin."""

    verify: int
    """Physical offset of the first record to be verified."""
    dispatch: int
    """Physical offset from which queues and index are made anew."""
    is_vouched: bool


class Recovery:
    """Recovers one store, once."""

    _log = Logger()

    def __init__(
        self,
        files: Files,
        paths: StorePaths,
        config: StoreConfig,
        log: CommitLog,
        queue_files: QueueFiles,
        index: IIndexStrategy,
    ) -> None:
        self._files = files
        self._paths = paths
        self._config = config
        self._commit_log = log
        self._queue_files = queue_files
        self._index = index
        self._tags_codes = TagsCodes(config.delay_levels)
        self._queues = QueueTable()
        self._grown: dict[QueueState, None] = {}
        self._last_store_ms = 0
        self._batch_topics: frozenset[str] = frozenset()
        self.checkpoint = Checkpoint()

    def run(self) -> Recovered:
        """Recover.

        Raises:
            StoreOpenError: the files do not belong together.
        """
        self._commit_log.load()
        self.checkpoint = read_checkpoint(self._files, self._paths.checkpoint)
        self._last_store_ms = self.checkpoint.log_ms
        self._remove_deleted()
        self._batch_topics = frozenset(self._files.list(self._paths.batch_queues))
        if self._batch_topics:
            self._log.warn(
                "topics with batch consume queues cannot be read yet: {topics}",
                topics=", ".join(sorted(self._batch_topics)),
            )
        stopped_in_order = self._files.size(self._paths.abort) is None
        beginning = self._find_beginning(stopped_in_order)
        self._load_queues(beginning)
        loaded_end = self._commit_log.end
        end = self._replay(beginning)
        if end < beginning.dispatch:
            self._queues = self._queue_files.load(end, self._commit_log.min_offset)
        is_clean = beginning.is_vouched and end == beginning.verify and stopped_in_order
        self._cut_log(end, loaded_end, is_clean)
        if self._index.indexed_offset() >= end:
            self._index.truncate(end)
        if not is_clean:
            self._commit_log.must_sync(beginning.dispatch)
        self._log.info(
            "recovered from {dispatch} to {end}: {how}",
            dispatch=beginning.dispatch,
            end=end,
            how="vouched for" if beginning.is_vouched else "by checkpoint and files",
        )
        return Recovered(self._queues, self._last_store_ms, is_clean)

    def _remove_deleted(self) -> None:
        """Finish what deleting a topic began."""
        for name in self._files.list(self._paths.root):
            if name.startswith(DELETED_PREFIX):
                self._files.remove(self._paths.root / name)

    # Where to begin

    def _find_beginning(self, stopped_in_order: bool) -> _Beginning:
        log = self._commit_log
        vouch = read_vouch(self._files, self._paths)
        if vouch is not None and log.min_offset <= vouch.offset <= log.end:
            self._queues = self._queue_files.load(vouch.offset, log.min_offset)
            if len(self._queues) >= vouch.queue_count:
                return _Beginning(vouch.offset, vouch.offset, True)
        if not log.bases:
            if self._files.list(self._paths.queues):
                raise StoreOpenError(
                    self._paths.root,
                    "there are consume queues but no commit log; if the log is gone "
                    "for good, move the directory consumequeue away",
                )
            return _Beginning(log.end, log.end, False)
        self._queues = self._queue_files.load(_FAR, log.min_offset)
        if not self._queues:
            return _Beginning(log.min_offset, log.min_offset, False)
        if stopped_in_order:
            done = self._queue_files.end_of_last_records(self._queues)
            return _Beginning(self._segment_before(done), done, False)
        begin = self._segment_by_time(self.checkpoint.safe_ms)
        return _Beginning(begin, begin, False)

    def _segment_before(self, offset: int) -> int:
        bases = self._commit_log.bases
        return max((base for base in bases if base <= offset), default=bases[0])

    def _segment_by_time(self, safe_ms: int) -> int:
        """Give the last segment that begins with a message stored by then."""
        for base in reversed(self._commit_log.bases):
            head = bytes(self._commit_log.read(STORE_TIME_REACH, base))
            if 0 < store_time_of(head) <= safe_ms:
                return base
        return self._commit_log.min_offset

    def _load_queues(self, beginning: _Beginning) -> None:
        if not beginning.is_vouched and self._queues:
            min_offset = self._commit_log.min_offset
            self._queues = self._queue_files.load(beginning.dispatch, min_offset)
        last = self._index.indexed_offset()
        if last >= beginning.dispatch:
            self._index.truncate(max(last, beginning.dispatch))

    # Going through the log

    def _replay(self, beginning: _Beginning) -> int:
        """Verify and dispatch; gives the end of the last whole record."""
        at = beginning.verify
        log = self._commit_log
        chunk_bytes = _CHUNK_BYTES
        while at < log.end:
            segment_end = log.segment_end(at)
            wanted = min(chunk_bytes, segment_end - at)
            found = scan(
                memoryview(log.read(wanted, at)),
                at,
                segment_end,
                self._config.check_crc_on_recover,
                seal_check(self._config),
            )
            self._dispatch(found.records, beginning.dispatch)
            if found.reason is ScanEnd.UNSEALED:
                raise StoreOpenError(
                    self._paths.root,
                    f"the message at {found.end} has no checksum of its whole record; "
                    "forceVerifyPropCRC is only for a store of which every message "
                    "was written with enabledAppendPropCRC",
                )
            if found.reason is ScanEnd.BROKEN:
                return found.end
            if found.reason is ScanEnd.BLANK:
                if segment_end >= log.end:
                    return found.end
                at = segment_end
                continue
            if found.end == at:
                if wanted == segment_end - at:
                    return at
                chunk_bytes *= 2
            at = found.end
        return at

    def _dispatch(self, records: Sequence[LoggedRecord], begin: int) -> None:
        if not records:
            return
        self._last_store_ms = records[-1].store_ms
        if records[-1].physical_offset < begin:
            return
        fresh = [record for record in records if record.physical_offset >= begin]
        for record in fresh:
            if record.topic in self._batch_topics:
                continue  # a consume queue beside it would keep the genuine one out
            tags_code = self._tags_codes.of(record)
            entry = ENTRY.pack(record.physical_offset, record.size, tags_code)
            for place in queues_of(record):
                self._add(place, entry)
        for state in self._grown:
            self._queue_files.write(state)
            state.shorten(0)
        self._grown.clear()
        self._index.put(logged_index_items(fresh))

    def _add(self, place: tuple[str, int, int], entry: bytes) -> None:
        state, anew = add_logged(self._queues, place, entry)
        if anew:
            self._queue_files.forget(state.topic, state.queue_id)
        self._grown[state] = None

    def _cut_log(self, end: int, loaded_end: int, is_clean: bool) -> None:
        log = self._commit_log
        if not log.bases:
            return
        behind = log.segment_end(end) - end
        spoiled = any(bytes(log.read(min(behind, 1 << 16), end)))
        if spoiled or loaded_end > log.segment_end(end):
            self._log.warn(
                "the commit log is cut at {end}: what follows is no whole record",
                end=end,
            )
        if is_clean and not spoiled and loaded_end % self._config.segment_bytes == 0:
            log.set_end(end)
        else:
            log.truncate(end)
