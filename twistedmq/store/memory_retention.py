"""The log of the store in memory, and how its beginning goes."""

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from twistedmq.store.context import StoreContext
from twistedmq.store.index_interfaces import IIndexStrategy
from twistedmq.store.interfaces import StoreFullError
from twistedmq.store.log_scan import STORE_TIME_REACH, store_time_of
from twistedmq.store.retention import HOUR_MS
from twistedmq.store.table_reads import TableReads
from twistedmq.store.topic_ages import Reserved, expired_by_topic

_SHARE: Final = 256
"""When there is no room, at least one such part of all is given up at once."""
_RECORDS_A_TURN: Final = 4096
_SIZE_BYTES: Final = 4


class MemoryRetention(TableReads):
    """Bytes by physical offset; ``MemoryStore`` adds the rest.

    There is no hour of the day for deletion here, as it costs nothing.
    """

    _logger = Logger()
    _index: IIndexStrategy

    def __init__(self, context: StoreContext, limit_bytes: int) -> None:
        super().__init__(context.config)
        self._context = context
        self._limit_bytes = limit_bytes
        self._log = bytearray()
        self._base = 0
        self._dispatched = 0
        self._call: IDelayedCall | None = None
        self._reserved: Reserved = dict

    @property
    def _end(self) -> int:
        return self._base + len(self._log)

    def log_bounds(self) -> tuple[int, int]:
        """Give (min, max) physical offset."""
        return self._base, self._end

    def _read_log(self, size: int, offset: int) -> bytes:
        at = offset - self._base
        return bytes(self._log[at : at + size]) if at >= 0 else b""

    # By room

    def _place_for(self, size: int) -> int:
        """Give the physical offset at which so many bytes can be added.

        Raises:
            StoreFullError: there is no room, and nothing may be given up for it.
        """
        missing = len(self._log) + size - self._limit_bytes
        if missing > 0 and not self._make_room(missing):
            raise StoreFullError(
                f"the store holds its {self._limit_bytes} bytes (memoryStoreBytes)"
            )
        return self._end

    def _make_room(self, missing_bytes: int) -> bool:
        """Give up the oldest records; gives whether that made so much room."""
        if not self._config.value.delete_unexpired or missing_bytes > len(self._log):
            return False
        begin = at = self._base
        wanted = begin + max(missing_bytes, self._limit_bytes // _SHARE)
        while at < min(wanted, self._dispatched):
            at += int.from_bytes(self._read_log(_SIZE_BYTES, at))
        self._begin_at(at)
        return at - begin >= missing_bytes

    def _begin_at(self, offset: int) -> None:
        """Forget everything before physical *offset*, where a record begins."""
        if offset <= self._base:
            return
        del self._log[: offset - self._base]
        self._base = offset
        for state in self._queues.values():
            state.begin_at(state.first_from(offset))
        self._index.expire(offset)

    # By age

    def _begin_expiring(self) -> None:
        self._plan(self._config.value.clean_interval_ms)

    def _plan(self, delay_ms: int) -> None:
        self._call = self._context.reactor.callLater(delay_ms / 1000, self._expire)

    def _end_expiring(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _expire(self) -> None:
        """Forget what is too old, some of it a turn."""
        self._call = None
        config = self._config.value
        expired_ms = self._context.wall_ms() - config.reserved_hours * HOUR_MS
        at = self._base
        for _ in range(_RECORDS_A_TURN):
            if at >= self._dispatched or self._stored_ms(at) > expired_ms:
                break
            at += int.from_bytes(self._read_log(_SIZE_BYTES, at))
        else:
            self._begin_at(at)
            self._plan(0)
            return
        self._begin_at(at)
        self._plan(config.clean_interval_ms)
        Deferred.fromCoroutine(self._expire_topics()).addErrback(
            lambda f: self._logger.failure("topics could not be looked at", f)
        )

    def _stored_ms(self, offset: int) -> int:
        return store_time_of(self._read_log(STORE_TIME_REACH, offset))

    async def _expire_topics(self) -> None:
        if hours := self._reserved():
            now_ms = self._context.wall_ms()
            found = await expired_by_topic(self, self._queues, hours, now_ms)
            for key, offset in found.items():
                self._queues[key].begin_at(offset)

    # IRetention

    def expire_now(self) -> None:
        """Forget what is too old now."""
        if self._call is not None:
            self._call.reset(0)

    def reserve(self, hours: Reserved) -> None:
        """Have messages of some topics expire earlier."""
        self._reserved = hours

    def forget_expired_queues(
        self, keeps: Callable[[str, int], bool]
    ) -> "Deferred[int]":
        """Forget queues without messages; see IRetention."""
        empty = [
            key
            for key, state in self._queues.items()
            if state.min_offset >= state.next_offset and not keeps(*key)
        ]
        for key in empty:
            del self._queues[key]
        return succeed(len(empty))
