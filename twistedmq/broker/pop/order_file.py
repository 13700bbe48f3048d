"""Keeps the table of ordered pops on disk: what changed, every few seconds, at the end.

Source: ConsumerOrderInfoManager, whose file consumerOrderInfo.json this is.
"""

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from twistedmq.broker.pop.order import OrderTable
from twistedmq.broker.saving import SavingService
from twistedmq.broker.table_file import TableFile
from twistedmq.config.broker import OffsetConfig
from twistedmq.config.live import Live
from twistedmq.protocol.errors import FieldError
from twistedmq.store.json_file import AtomicJsonFile


class OrderFile(SavingService):
    """Writes ``consumerOrderInfo.json``.

    Args:
        clock: when to write.
        file: where to.
        table: what to write.
        clean: drops what is of no use any more, before each write.
        config: how often, the same as for offsets.
    """

    def __init__(
        self,
        clock: IReactorTime,
        file: AtomicJsonFile,
        table: OrderTable,
        clean: Callable[[], None],
        config: Live[OffsetConfig],
    ) -> None:
        super().__init__(clock, lambda: config.value.flush_interval_ms)
        self._file = file
        self._table = table
        self._clean = clean
        self._fragments = TableFile(clock, file, lambda: b"", "table", table.entry)

    def load(self) -> None:
        """Fill the table with what was kept; a torn file gives way to its backup."""

        def accept(data: bytes) -> None:
            try:
                OrderTable(lambda: 0).load(data)
            except FieldError as error:
                raise ValueError(str(error)) from error

        data = self._file.load(accept)
        if data is not None:
            self._table.load(data)
            for name in self._table.names():
                self._fragments.prime(name)

    def _due(self) -> None:
        self._clean()
        self._mark()

    def _save(self) -> Deferred[None] | None:
        self._mark()
        saved = self._fragments.saved()
        return None if saved is None else saved.addErrback(_logged_there)

    def _mark(self) -> None:
        for name in self._table.take_changes():
            self._fragments.changed(name)


def _logged_there(_: Failure) -> None:
    """What cannot be written is logged where it is tried."""
