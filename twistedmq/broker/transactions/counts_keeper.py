"""Keeps the counts of open halves on disk: every few seconds, and at the end."""

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.broker.transactions.counts import TransactionCounts
from twistedmq.config.live import Live
from twistedmq.config.transactions import TransactionConfig
from twistedmq.store.json_file import AtomicJsonFile


class CountsKeeper(Service):
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
        self._clock = clock
        self._counts = counts
        self._file = file
        self._config = config
        self._next: IDelayedCall | None = None

    def load(self) -> None:
        """Fill the counts with what was kept, where there is a file."""
        data = self._file.load(TransactionCounts(lambda: 0).load)
        if data is not None:
            self._counts.load(data)

    def startService(self) -> None:
        """Write from now on."""
        super().startService()
        self._schedule()

    def stopService(self) -> Deferred[None] | None:
        """Write what is left; fires when it is on disk, or could not be written."""
        super().stopService()
        if self._next is not None:
            self._next.cancel()
            self._next = None
        return self._write()

    def _schedule(self) -> None:
        delay_s = self._config.value.counts_interval_ms / 1000
        self._next = self._clock.callLater(delay_s, self._round)

    def _round(self) -> None:
        self._schedule()
        self._write()

    def _write(self) -> Deferred[None] | None:
        if not self._counts.has_changes:
            return None
        return self._file.save(self._counts.encode()).addErrback(self._failed)

    def _failed(self, failure: Failure) -> None:
        self._counts.has_changes = True
        self._log.error(
            "the counts of open halves cannot be written: {error}",
            error=failure.getErrorMessage(),
        )
