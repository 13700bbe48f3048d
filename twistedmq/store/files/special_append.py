"""Appends of messages for batch queues or light queues: the rare half of appending."""

from collections.abc import Callable

from twistedmq.protocol.record_crc import reserved
from twistedmq.protocol.record_layout import record_sizes
from twistedmq.protocol.send_batch import SendBatch
from twistedmq.store.arrivals import Arrivals
from twistedmq.store.context import StoreContext
from twistedmq.store.delay_levels import DelayLevels
from twistedmq.store.files.commit_log import CommitLog
from twistedmq.store.files.index_backlog import IndexBacklog
from twistedmq.store.files.queue_writer import QueueWriter
from twistedmq.store.files.rolling import LayOut, append_rolling
from twistedmq.store.files.vouching import Voucher
from twistedmq.store.interfaces import Appended, StoreFullError
from twistedmq.store.special_queues import SpecialQueues, Taken


class SpecialAppends:
    """What ``FileStore`` does with a batch that concerns its ``SpecialQueues``."""

    confirm_offset: int
    _arrivals: Arrivals
    _backlog: IndexBacklog
    _commit_log: CommitLog
    _context: StoreContext
    _delays: DelayLevels
    _full: Callable[[OSError], StoreFullError]
    _has_index: bool
    _last_store_ms: int
    _lay_out: LayOut
    _queue_writer: QueueWriter
    _reserves: bool
    _special: SpecialQueues
    _voucher: Voucher

    def _append_special(self, batch: SendBatch) -> Appended:
        """Do as ``append``."""
        store_ms: int = self._context.wall_ms()
        taken = self._special.take(batch)
        try:
            placed = self._write_special(taken, store_ms)
        except OSError as error:
            self._special.give_back(taken)
            raise self._full(error) from error
        except Exception:
            self._special.give_back(taken)
            raise
        self._last_store_ms = store_ms
        end = self.confirm_offset = self._commit_log.end
        states, tags_codes = taken.grown()
        self._queue_writer.grew(states)
        if self._has_index:
            self._backlog.add(taken.batch, placed, store_ms)
        self._voucher.log_grew(end)
        self._arrivals.tell(states, tags_codes, store_ms)
        return Appended(placed, taken.offsets, end, store_ms)

    def _write_special(self, taken: Taken, store_ms: int) -> list[int]:
        host, log = self._context.store_host, self._commit_log
        if self._reserves:
            taken.batch = reserved(taken.batch)
        taken.batch.tags_codes = self._delays.entry_codes(taken.batch, store_ms)
        sizes = record_sizes(taken.batch, host)
        placed = []
        for start, stop, at in append_rolling(
            log, taken.batch, taken.offsets, sizes, store_ms, host, self._lay_out
        ):
            placed += self._special.add(taken, sizes, store_ms, start, stop, at)
        return placed
