"""Where recovery begins: behind what is known to be on the disk.

That is what the vouching file says; without one that can be believed, where the
genuine broker would begin.
"""

from typing import Final

from msgspec import Struct
from twisted.logger import Logger

from twistedmq.store.errors import StoreOpenError
from twistedmq.store.files.checkpoint import Checkpoint
from twistedmq.store.files.commit_log import CommitLog
from twistedmq.store.files.paths import StorePaths
from twistedmq.store.files.vouch import Vouch
from twistedmq.store.files_layer import Files
from twistedmq.store.log_scan import STORE_TIME_REACH, store_time_of
from twistedmq.store.queue_interfaces import IQueueIndex
from twistedmq.store.queue_state import QueueTable

_FAR: Final = 1 << 62


class Beginning(Struct):
    """Where to begin, and the queues as far as they go there."""

    verify: int
    """Physical offset of the first record to be verified."""
    dispatch: int
    """Physical offset from which queues and index are made anew."""
    is_vouched: bool
    durable: int
    """Log below this physical offset was on the disk once."""
    queues: QueueTable


class BeginningFinder:
    """Looks at what the last run left."""

    _log = Logger()

    def __init__(
        self,
        files: Files,
        paths: StorePaths,
        log: CommitLog,
        queue_files: IQueueIndex,
        vouch: Vouch | None,
        checkpoint: Checkpoint,
    ) -> None:
        """*vouch* is None where the vouching file cannot be believed."""
        self._files = files
        self._paths = paths
        self._commit_log = log
        self._queue_files = queue_files
        self._vouch = vouch
        self._checkpoint = checkpoint

    def find(self, stopped_in_order: bool) -> Beginning:
        """Say where to begin.

        Raises:
            StoreOpenError: the log has lost what was on the disk once.
        """
        beginning = self._vouched() or self._genuine(stopped_in_order)
        short = self._commit_log.short
        if short is not None and (short[0] < beginning.verify or stopped_in_order):
            raise short[1]
        return beginning

    def from_the_first(self, durable: int) -> Beginning:
        """Begin with the first record of the log: all queues are made anew."""
        first = self._commit_log.min_offset
        queues = self._queue_files.load(first, first)
        return Beginning(first, first, False, durable, queues)

    def _vouched(self) -> Beginning | None:
        vouch, log = self._vouch, self._commit_log
        if vouch is None or not log.min_offset <= vouch.offset:
            return None
        at = vouch.offset
        if at > log.end:
            self._log.error(
                "the commit log ends at {end}, but {lost} bytes more were on the disk: "
                "a file was cut or removed, and their messages are lost",
                end=log.end,
                lost=at - log.end,
            )
            return None
        queues = self._queue_files.load(at, log.min_offset)
        found, told = queues.entry_count(), vouch.entry_count
        if len(queues) != vouch.queue_count or found != told:
            self._log.error(
                "{queues} consume queues hold {found} messages, where {told_queues} "
                "with {told} were on the disk: all are made anew from the commit log",
                queues=len(queues),
                found=found,
                told_queues=vouch.queue_count,
                told=told,
            )
            return self.from_the_first(at)
        return Beginning(at, at, True, at, queues)

    def _genuine(self, stopped_in_order: bool) -> Beginning:
        log, first = self._commit_log, self._commit_log.min_offset
        queues = self._queue_files.load(_FAR, first)
        if not log.bases:
            if queues and (stopped_in_order or self._checkpoint.log_ms):
                raise StoreOpenError(
                    self._paths.root,
                    "there are consume queues but no commit log; if the log is gone "
                    "for good, move the directory consumequeue away",
                )
            return self._at(log.end, log.end)
        if not queues:
            return self._at(first, first)
        if stopped_in_order:
            done = self._queue_files.end_of_last_records(queues)
            return self._at(self._segment_before(done), done)
        begin = self._segment_by_time(self._checkpoint.safe_ms)
        return self._at(begin, begin)

    def _at(self, verify: int, dispatch: int) -> Beginning:
        queues = self._queue_files.load(dispatch, self._commit_log.min_offset)
        return Beginning(verify, dispatch, False, 0, queues)

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
