"""What is too old goes, some of it a turn."""

import sqlite3
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from twistedmq.store.context import StoreContext
from twistedmq.store.index_interfaces import IIndexStrategy
from twistedmq.store.interfaces import StoreFullError
from twistedmq.store.retention import HOUR_MS
from twistedmq.store.topic_ages import Reserved, expired_by_topic
from twistedmq_sqlite.reads import SqliteReads

_RECORDS_A_TURN: Final = 500
_PAUSE_S: Final = 0.02


class SqliteExpiry(SqliteReads):
    """Provides IRetention; ``SqliteStore`` adds the rest.

    There is no hour of the day for it, as nothing but the rows that go is touched. The
    file does not become shorter, but the next messages have room in it.
    """

    _log: Logger
    _context: StoreContext
    _index: IIndexStrategy | None
    _reserved: Reserved = dict

    def _plan(self, work: Callable[[], None], after_s: float) -> None:
        """Do *work* later, once, unless the store is stopped before."""
        raise NotImplementedError

    def _plan_expiry(self, after_s: float | None = None) -> None:
        if after_s is None:
            after_s = self._config.value.clean_interval_ms / 1000
        self._plan(self._expire, after_s)

    def _expire(self) -> None:
        Deferred.fromCoroutine(self._expire_some()).addErrback(self._not_expired)

    async def _expire_some(self) -> None:
        now_ms: int = self._context.wall_ms()
        expired_ms = now_ms - self._config.value.reserved_hours * HOUR_MS
        begin, more = self._tables.expire(expired_ms, _RECORDS_A_TURN, self._queues)
        if begin is not None:
            self._begin = begin
            assert self._index is not None
            await self._workers.run(self._index.expire, begin)
        if more:
            self._plan_expiry(_PAUSE_S)
            return
        if hours := self._reserved():
            found = await expired_by_topic(self, self._queues, hours, now_ms)
            moved = [(self._queues[key], offset) for key, offset in found.items()]
            self._tables.begin_queues(moved)
        self._plan_expiry()

    def _not_expired(self, failure: Any) -> None:
        failure.trap(sqlite3.Error, OSError)
        self._log.error(
            "what is too old in {path} cannot be deleted: {problem}",
            path=str(self._database.path),
            problem=failure.getErrorMessage(),
        )
        self._plan_expiry()

    # IRetention

    def expire_now(self) -> None:
        """Forget what is too old now; goes on until there is no more of it."""
        self._expire()

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
        try:
            self._tables.delete_queues(empty)
        except sqlite3.Error as error:
            raise StoreFullError(f"{self._database.path}: {error}") from error
        for state in empty:
            del self._queues[state.topic, state.queue_id]
        return succeed(len(empty))
