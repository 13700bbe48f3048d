"""Keeps the counts of open halves on disk: every few seconds, and at the end."""

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.broker.saving import SavingService
from twistedmq.broker.transactions.counts import TransactionCounts
from twistedmq.config.live import Live
from twistedmq.config.transactions import TransactionConfig
from twistedmq.store.json_file import AtomicJsonFile


class CountsKeeper(SavingService):
    """Writes ``transactionMetrics``.

    Args:
        clock: when to write.
        counts: what to write.
        file: where to.
        config: how often.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        counts: TransactionCounts,
        file: AtomicJsonFile,
        config: Live[TransactionConfig],
    ) -> None:
        super().__init__(clock, lambda: config.value.counts_interval_ms)
        self._counts = counts
        self._file = file

    def load(self) -> None:
        """Fill the counts with what was kept, where there is a file."""
        data = self._file.load(TransactionCounts(lambda: 0).load)
        if data is not None:
            self._counts.load(data)

    def _save(self) -> Deferred[None] | None:
        if not self._counts.has_changes:
            return None
        return self._file.save(self._counts.encode()).addErrback(self._failed)

    def _failed(self, failure: Failure) -> None:
        self._counts.has_changes = True
        self._log.error(
            "the counts of open halves cannot be written: {error}",
            error=failure.getErrorMessage(),
        )
