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
from twistedmq.store.files.beginning import Beginning, BeginningFinder
from twistedmq.store.files.checkpoint import Checkpoint, read_checkpoint
from twistedmq.store.files.commit_log import CommitLog
from twistedmq.store.files.damage import Behind, look_behind, next_whole
from twistedmq.store.files.deletions import Deletions
from twistedmq.store.files.folders import ran_since_boot
from twistedmq.store.files.paths import DELETED_PREFIX, StorePaths
from twistedmq.store.files.vouch import read_vouch
from twistedmq.store.files_layer import Files
from twistedmq.store.index_interfaces import IIndexStrategy
from twistedmq.store.log_dispatch import LogDispatch
from twistedmq.store.log_scan import (
    LoggedRecord,
    ScanEnd,
    scan,
)
from twistedmq.store.queue_interfaces import IQueueIndex
from twistedmq.store.queue_state import QueueState, QueueTable
from twistedmq.store.sealed_reading import seal_check

_CHUNK_BYTES: Final = 4 * 1024 * 1024
_GLANCE_BYTES: Final = 64 * 1024
"""How much is looked at behind the end of a log that was vouched for to its end."""


class Recovered(Struct):
    """What recovery found."""

    queues: QueueTable
    last_store_ms: int
    is_clean: bool
    """Whether nothing had to be done."""
    durable: int
    """Physical offset up to which the log is on the disk, as far as is known."""


class Recovery:
    """Recovers one store, once."""

    _log = Logger()

    def __init__(
        self,
        files: Files,
        paths: StorePaths,
        config: StoreConfig,
        log: CommitLog,
        queue_files: IQueueIndex,
        index: IIndexStrategy,
        deletions: Deletions,
    ) -> None:
        self._files = files
        self._deletions = deletions
        self._paths = paths
        self._config = config
        self._commit_log = log
        self._queue_files = queue_files
        self._index = index
        self._queues = QueueTable()
        self._grown: dict[QueueState, None] = {}
        self._last_store_ms = 0
        self._is_cut = False
        self._is_same_boot = False
        self.checkpoint = Checkpoint()

    def run(self) -> Recovered:
        """Recover.

        Raises:
            StoreOpenError: the files do not belong together.
        """
        log = self._commit_log
        log.load()
        self.checkpoint = read_checkpoint(self._files, self._paths.checkpoint)
        self._last_store_ms = self.checkpoint.log_ms
        self._remove_deleted()
        stopped_in_order = self._files.size(self._paths.abort) is None
        self._is_same_boot = ran_since_boot(self._files, self._paths)
        if self._is_same_boot or not self._files.boot_id():
            self._deletions.load()
        else:
            self._deletions.forget()
        vouch = read_vouch(self._files, self._paths)
        finder = BeginningFinder(
            self._files, self._paths, log, self._queue_files, vouch, self.checkpoint
        )
        loaded_end = log.end
        beginning, end = self._go_through(finder, finder.find(stopped_in_order))
        is_clean = beginning.is_vouched and end == beginning.verify and stopped_in_order
        self._cut_log(end, loaded_end, is_clean)
        self._deletions.cut(end)
        if self._index.indexed_offset() >= end:
            self._make_index_anew(beginning.dispatch, end)
        if not is_clean:
            log.must_sync(beginning.dispatch)
        if self._is_cut:
            # What was cut must not come back beside what is written there next.
            log.sync()
        self._log.info(
            "recovered from {dispatch} to {end}: {how}",
            dispatch=beginning.dispatch,
            end=end,
            how="vouched for" if beginning.is_vouched else "by checkpoint and files",
        )
        durable = beginning.dispatch if beginning.is_vouched else 0
        return Recovered(self._queues, self._last_store_ms, is_clean, durable)

    def _go_through(
        self, finder: BeginningFinder, beginning: Beginning
    ) -> tuple[Beginning, int]:
        """Verify and dispatch; gives where that began in the end, and the log's end."""
        first = self._commit_log.min_offset
        end = self._begin(beginning)
        self._tell_oddities()
        if self._queues_filled.gaps and beginning.dispatch > first:
            self._log.warn("all consume queues are made anew from the commit log")
            beginning = finder.from_the_first(max(beginning.durable, beginning.verify))
            end = self._begin(beginning)
            self._tell_oddities()
        if end < beginning.dispatch:
            self._queues = self._queue_files.load(end, first)
        return beginning, end

    def _begin(self, beginning: Beginning) -> int:
        self._queues = beginning.queues
        self._queues_filled = LogDispatch(
            self._queues, self._config, self._deletions.gone
        )
        last = self._index.indexed_offset()
        if last >= beginning.dispatch:
            self._index.truncate(max(last, beginning.dispatch))
        return self._replay(beginning)

    def _remove_deleted(self) -> None:
        """Finish what deleting a topic began."""
        for name in self._files.list(self._paths.root):
            if name.startswith(DELETED_PREFIX):
                self._files.remove(self._paths.root / name)

    # Going through the log

    def _replay(self, beginning: Beginning) -> int:
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
            at = found.end
            if found.reason is ScanEnd.BLANK:
                if segment_end >= log.end:
                    return at
                at = segment_end
            elif found.reason is ScanEnd.BROKEN or (
                not found.records and wanted == segment_end - at
            ):
                whole = self._behind_damage(at, beginning.durable)
                if whole is None:
                    return at
                at = whole
            elif not found.records:
                chunk_bytes *= 2
        return at

    def _make_index_anew(self, begin: int, end: int) -> None:
        """Put again what *begin* to *end* holds, because the index knew more than that.

        What it held of records that are gone made it pass over those that are there.
        """
        log = self._commit_log
        self._index.truncate(begin)
        at = begin
        while at < end:
            segment_end = log.segment_end(at)
            size = min(_CHUNK_BYTES, segment_end - at, end - at)
            found = scan(memoryview(log.read(size, at)), at, segment_end)
            self._index.put(logged_index_items(found.records))
            if found.end > at:
                at = found.end
            elif (whole := next_whole(log, at + 1)) is not None:
                at = whole.physical_offset
            else:
                break

    def _behind_damage(self, at: int, durable: int) -> int | None:
        """Give where the log goes on behind a broken place; None if it ends there."""
        log = self._commit_log
        whole = next_whole(log, at + 1)
        if whole is None:
            return durable if at < durable <= log.end else None
        if (
            at >= durable
            and whole.store_ms > self.checkpoint.safe_ms
            and not self._is_same_boot
        ):
            return None
        self._log.error(
            "the commit log is damaged from {at} to {end} ({count} bytes), where it "
            "was whole before: what was stored there is passed over",
            at=at,
            end=whole.physical_offset,
            count=whole.physical_offset - at,
        )
        return whole.physical_offset

    def _dispatch(self, records: Sequence[LoggedRecord], begin: int) -> None:
        if not records:
            return
        self._last_store_ms = records[-1].store_ms
        if records[-1].physical_offset < begin:
            return
        fresh = [record for record in records if record.physical_offset >= begin]
        for record in fresh:
            done = self._queues_filled.add(record)
            for state in done.begun_anew:
                self._queue_files.forget(state.topic, state.queue_id)
            self._grown.update(dict.fromkeys(done.states))
        for state in self._grown:
            self._queue_files.write(state)
            state.shorten(0)
        self._grown.clear()
        self._index.put(logged_index_items(fresh))

    def _tell_oddities(self) -> None:
        """Say, a line each, what of the queues did not fit the log."""
        for oddities, what in (
            (
                self._queues_filled.misplaced,
                "are passed over, for they name an offset that is taken",
            ),
            (self._queues_filled.gaps, "come after others that are missing"),
        ):
            if oddities:
                topic, queue_id, offset, expected, at = oddities[0]
                self._log.error(
                    "{count} messages {what}: the first is at {at} in the commit log "
                    "and says offset {offset} of {topic}/{queue_id}, where {expected} "
                    "would be next",
                    count=len(oddities),
                    what=what,
                    at=at,
                    offset=offset,
                    topic=topic,
                    queue_id=queue_id,
                    expected=expected,
                )

    def _cut_log(self, end: int, loaded_end: int, is_clean: bool) -> None:
        """Have the log end at *end*, and say what that costs."""
        log = self._commit_log
        if not log.bases:
            return
        if missing := -loaded_end % self._config.segment_bytes:
            self._log.warn(
                "the last file of the commit log was {missing} bytes shorter than it "
                "is made: if messages were there, they are lost",
                missing=missing,
            )
        behind = Behind(end)
        if not is_clean or any(bytes(log.read(_GLANCE_BYTES, log.next_data(end)))):
            behind = look_behind(log, end)
        self._is_cut = behind.end > end
        if self._is_cut:
            self._log.warn(
                "the commit log is cut at {end}, where no whole record begins: {bytes} "
                "bytes up to {data_end} are dropped, {count} whole records among them",
                end=end,
                bytes=behind.end - end,
                data_end=behind.end,
                count=behind.count,
            )
        if is_clean and not self._is_cut and not missing:
            log.set_end(end)
        else:
            log.truncate(end)
