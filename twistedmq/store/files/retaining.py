"""The retaining half of the file store: what is deleted, when, and on request."""

import os
from collections.abc import Callable, Mapping

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from twistedmq.store.context import StoreContext
from twistedmq.store.disk_guard import DiskGuard, measure
from twistedmq.store.files.cleaning import Cleaned, Cleaner
from twistedmq.store.files.deletions import Deletions
from twistedmq.store.files.expiry import Expiring, Expiry
from twistedmq.store.files.paths import DELETED_PREFIX, StorePaths
from twistedmq.store.files.queue_kinds import QueueKinds
from twistedmq.store.files.queue_writer import QueueWriter
from twistedmq.store.files.reads import StoreReads
from twistedmq.store.files.vouching import Voucher
from twistedmq.store.files_layer import Files
from twistedmq.store.index_interfaces import IIndexStrategy
from twistedmq.store.queue_state import QueueState
from twistedmq.store.retention import DiskState
from twistedmq.store.special_queues import SpecialQueues
from twistedmq.store.topic_ages import Reserved

_QUEUES_A_TURN = 16


class StoreRetention(StoreReads):
    """Deletes; ``FileStore`` adds the rest."""

    _context: StoreContext
    _deletions: Deletions
    _files: Files
    _index: IIndexStrategy
    _paths: StorePaths
    _queue_files: QueueKinds
    _queue_writer: QueueWriter
    _special: SpecialQueues
    _voucher: Voucher
    _log = Logger()
    _deleted = 0
    _reserved: Reserved = dict

    def _guard_disk(self) -> None:
        """Make what knows how full the disk is."""
        self._guard = DiskGuard(self._context.reactor, self._config, self._ask_disk)

    def _ask_disk(self) -> "Deferred[DiskState]":
        paths = self._paths
        read_only = paths.read_only_log_folders
        logs = [folder for folder in paths.log_folders if folder not in read_only]
        logs = logs or list(paths.log_folders)
        return self._workers.run(measure, self._files, logs, paths.queues)

    def _begin_cleaning(self) -> None:
        context, config = self._context, self._config
        expiring = Expiring(
            self._workers,
            self._commit_log,
            self._queue_files,
            self._queues,
            self._index,
            self,
            self._reserved_hours,
        )
        expiry = Expiry(context.reactor, context.wall_ms, config, expiring)
        cleaned = Cleaned(
            self._files, self._workers, self._commit_log, self._guard, expiry
        )
        self._cleaner = Cleaner(context.reactor, context.wall_ms, config, cleaned)
        self._guard.start()
        self._cleaner.start()

    def _reserved_hours(self) -> Mapping[str, int]:
        return self._reserved()

    def _end_cleaning(self) -> None:
        self._guard.stop()
        self._cleaner.stop()

    # IRetention

    def expire_now(self) -> None:
        """Begin to delete what is expired by age."""
        self._cleaner.expire_now()

    def reserve(self, hours: Reserved) -> None:
        """Have messages of some topics expire earlier."""
        self._reserved = hours

    def forget_expired_queues(
        self, keeps: Callable[[str, int], bool]
    ) -> "Deferred[int]":
        """Forget queues without messages; see IRetention."""
        empty = [
            state
            for key, state in self._queues.items()
            if state.min_offset >= state.next_offset and not keeps(*key)
        ]
        return Deferred.fromCoroutine(self._forget(empty))

    async def _forget(self, states: list[QueueState]) -> int:
        """Forget queues, if they are still empty, some a turn."""
        count = 0
        for state in states:
            key = state.topic, state.queue_id
            if self._queues.get(key) is not state or state.min_offset < (
                state.next_offset
            ):
                continue
            del self._queues[key]
            self._queue_writer.forget([state])
            self._queue_files.forget(*key)
            count += 1
            if count % _QUEUES_A_TURN == 0:
                await self._next_turn()
        if count:
            self._voucher.soon()
        return count

    def _next_turn(self) -> "Deferred[None]":
        turn: Deferred[None] = Deferred()
        self._context.reactor.callLater(0, turn.callback, None)
        return turn

    # Topics

    def delete_topic(self, topic: str) -> int:
        """Forget the queues of *topic*; files are removed in a thread."""
        gone = [state for key, state in self._queues.items() if key[0] == topic]
        for state in gone:
            del self._queues[state.topic, state.queue_id]
        self._queue_writer.forget(gone)
        self._special.recount()
        self._deleted += 1
        aside = self._paths.root / f"{DELETED_PREFIX}{os.getpid()}-{self._deleted}"
        self._voucher.soon()
        is_aside = bool(gone) and self._queue_files.set_aside(topic, aside)
        if gone:
            self._deletions.note(topic, self._commit_log.end)
        if is_aside:
            removing = self._workers.run(self._files.remove, aside)
            removing.addErrback(lambda f: self._log.failure("deleting a topic", f))
        return len(gone)
