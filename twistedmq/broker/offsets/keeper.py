"""Keeps the offset table on disk: what changed, every few seconds and at the end."""

from collections.abc import Mapping
from typing import Final

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.broker.offsets.fragments import OffsetFragments, decode_offsets
from twistedmq.broker.offsets.table import Key, OffsetTable
from twistedmq.broker.saving import SavingService
from twistedmq.config.broker import OffsetConfig
from twistedmq.config.live import Live
from twistedmq.protocol.bodies import DataVersion
from twistedmq.protocol.errors import FieldError
from twistedmq.store.json_file import AtomicJsonFile
from twistedmq.store.workers import Workers

LONGEST_WRITING_MS: Final = 60_000
"""In a file of the genuine broker, the time may be long past: it counts only so far."""


class OffsetKeeper(SavingService):
    """Writes ``consumerOffset.json``, or ``lmqConsumerOffset.json``.

    The reactor only collects what changed; encoding and writing happen in a thread.
    What could not be written counts as changed again. The time in the file is that of
    the collecting: all that was committed before is in it. A busy disk may take seconds
    to write it, so the time of the file itself says less.

    Args:
        clock: when to write.
        table: what to write.
        file: where to.
        workers: where the work is done; None does it in place.
        config: how often.
        before_light_queues: given where there are light queues, whose file is another:
            the one before, read where *file* does not exist yet.

    Attributes:
        as_of_ms: of when the offsets are that were loaded: all that was committed
            before is among them. None if none ever were kept.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        table: OffsetTable,
        file: AtomicJsonFile,
        workers: Workers | None,
        config: Live[OffsetConfig],
        before_light_queues: AtomicJsonFile | None = None,
    ) -> None:
        self._older = before_light_queues
        super().__init__(clock, lambda: config.value.flush_interval_ms)
        self._table = table
        self._file = file
        self._workers = workers
        self._fragments = OffsetFragments(before_light_queues is not None)
        self._writing: Deferred[None] | None = None
        self.as_of_ms: int | None = None

    def load(self) -> None:
        """Fill the table with what was kept; a torn file gives way to its backup."""

        def accept(data: bytes) -> None:
            try:
                decode_offsets(data)
            except FieldError as error:
                raise ValueError(str(error)) from error

        file, data = self._file, self._file.load(accept)
        if data is None and self._older is not None:
            file, data = self._older, self._older.load(accept)
        if data is not None:
            items, version = decode_offsets(data)
            self._fragments.update(items)
            self._table.load(items, version)
            earliest_ms = file.loaded_ms - LONGEST_WRITING_MS
            self.as_of_ms = min(file.loaded_ms, max(version.timestamp, earliest_ms))

    def _save(self) -> Deferred[None]:
        return self.flush()

    def _due(self) -> None:
        if self._writing is None:
            self.flush()

    def flush(self) -> Deferred[None]:
        """Write what changed; fires when that is done, or has failed and was logged."""
        if self._writing is not None:
            return self._after(self._writing).addCallback(lambda _: self.flush())
        if not self._table.has_changes:
            return succeed(None)
        changes, version = self._table.take_changes(), self._table.version_now
        if self._workers is None:
            written = maybeDeferred(self._write, changes, version)
        else:
            written = self._workers.run(self._write, changes, version)
        self._writing = written
        written.addErrback(self._failed, changes).addBoth(self._written)
        return self._after(written)

    def _write(
        self, changes: Mapping[Key, dict[int, int] | None], version: DataVersion
    ) -> None:
        """Encode and write, in a thread."""
        self._fragments.update(changes)
        self._file.save_now(self._fragments.join(version))

    def _failed(self, failure: Failure, changes: Mapping[Key, object]) -> None:
        failure.trap(OSError)
        self._table.changes_lost(changes)
        self._log.error(
            "consumer offsets cannot be written: {error}",
            error=failure.getErrorMessage(),
        )

    def _written(self, _result: object) -> None:
        self._writing = None

    @staticmethod
    def _after(other: Deferred[None]) -> Deferred[None]:
        """Give one that fires after *other*, without taking its place in the chain."""
        if other.called:
            return succeed(None)
        waiter: Deferred[None] = Deferred()
        other.addCallback(lambda _: waiter.callback(None))
        return waiter
