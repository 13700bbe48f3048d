"""A store without a disk: for tests, for trying out, for messages that may be lost."""

from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from twistedmq.protocol.command import Buffer
from twistedmq.protocol.record_layout import lay_out, record_sizes
from twistedmq.protocol.send_batch import SendBatch
from twistedmq.store.arrivals import Arrivals, index_items, logged_index_items
from twistedmq.store.context import StoreContext
from twistedmq.store.delay_levels import DelayLevels
from twistedmq.store.index_interfaces import IIndexStrategy, IndexHits
from twistedmq.store.interfaces import (
    Appended,
    ArrivalListener,
    Durability,
    IMessageStore,
    IQueueKinds,
    IReplicableLog,
)
from twistedmq.store.log_dispatch import LogDispatch
from twistedmq.store.log_scan import ScanEnd, scan
from twistedmq.store.memory_index import MemoryIndex
from twistedmq.store.memory_retention import MemoryRetention
from twistedmq.store.queue_state import (
    add_entries,
    give_back_offsets,
    take_offsets,
)
from twistedmq.store.retention_interfaces import IRetention
from twistedmq.store.special_queues import SpecialQueues

_NO_END: Final = 1 << 62


@implementer(IMessageStore, IReplicableLog, IQueueKinds, IRetention)
class MemoryStore(MemoryRetention):
    """The log is one bytearray; a queue keeps all its entries in its tail.

    The log has no segments. Its beginning goes when messages are too old, and when
    there is no room for new ones, unless that is forbidden.
    """

    durability = Durability.MEMORY

    def __init__(
        self,
        context: StoreContext,
        limit_bytes: int | None = None,
        index: IIndexStrategy | None = None,
    ) -> None:
        """Hold up to *limit_bytes*, or as many as the settings say."""
        super().__init__(
            context, limit_bytes or context.config.value.memory_store_bytes
        )
        self.ready: Deferred[None] = Deferred()
        self.confirm_offset = 0
        self._index = index or MemoryIndex(context.config.value.index_query_limit)
        self._arrivals = Arrivals()
        self._delays = DelayLevels(context.config.value.delay_levels)
        self._queues.batch_topics = context.batch_topics
        self._queues_filled = LogDispatch(self._queues, context.config.value)
        self._special = SpecialQueues(self._queues, context.config)
        self._started = False

    def start(self) -> None:
        """There is nothing to recover, and nothing that an index could know yet."""
        if not self._started:
            self._started = True
            self._index = self._context.open_index(lambda: self._index)
            self._index.truncate(0)
            self._begin_expiring()
            self.ready.callback(None)

    def stop(self) -> Deferred[None]:
        """There is nothing to make safe."""
        self._end_expiring()
        return succeed(None)

    def append(self, batch: SendBatch) -> Appended:
        """Add *batch*; see IMessageStore."""
        if self._special.concern(batch):
            return self._append_special(batch)
        host = self._context.store_host
        sizes = record_sizes(batch, host)
        at = self._place_for(sum(sizes))
        store_ms: int = self._context.wall_ms()
        states, offsets = take_offsets(self._queues, batch)
        try:
            records = lay_out(batch, 0, len(sizes), at, offsets, sizes, store_ms, host)
        except Exception:
            give_back_offsets(self._queues, states)
            raise
        self._log += b"".join(records)
        self._dispatched = self.confirm_offset = self._end
        codes = self._delays.entry_codes(batch, store_ms)
        placed = add_entries(states, sizes, codes, at)
        self._index.put(index_items(batch, placed, store_ms))
        self._arrivals.tell(states, codes, store_ms)
        return Appended(placed, offsets, self._end, store_ms)

    def _append_special(self, batch: SendBatch) -> Appended:
        taken = self._special.take(batch)
        batch, host = taken.batch, self._context.store_host
        store_ms: int = self._context.wall_ms()
        try:
            sizes = record_sizes(batch, host)
            at = self._place_for(sum(sizes))
            records = lay_out(
                batch, 0, len(sizes), at, taken.offsets, sizes, store_ms, host
            )
        except Exception:
            self._special.give_back(taken)
            raise
        self._log += b"".join(records)
        self._dispatched = self.confirm_offset = self._end
        batch.tags_codes = self._delays.entry_codes(batch, store_ms)
        placed = self._special.add(taken, sizes, store_ms, 0, len(sizes), at)
        self._index.put(index_items(batch, placed, store_ms))
        self._arrivals.tell(*taken.grown(), store_ms)
        return Appended(placed, taken.offsets, self._end, store_ms)

    def safe(self, end: int) -> Deferred[Durability] | None:
        """Memory is as safe as it gets; a replica may be asked for."""
        return self._context.replication.replicated(end)

    def query(
        self,
        topic: str,
        key: str,
        max_count: int,
        begin_ms: int,
        end_ms: int,
        index_type: str,
    ) -> IndexHits:
        """Find messages by key."""
        return self._index.find(topic, key, max_count, begin_ms, end_ms, index_type)

    def delete_topic(self, topic: str) -> int:
        """Forget the queues of *topic*."""
        gone = [key for key in self._queues if key[0] == topic]
        for key in gone:
            del self._queues[key]
        self._special.recount()
        return len(gone)

    def add_arrival_listener(self, listener: ArrivalListener) -> None:
        """Have *listener* told of what arrives."""
        self._arrivals.add(listener)

    def status(self) -> dict[str, Any]:
        """Give the figures."""
        return {
            "min_offset": self._base,
            "max_offset": self._end,
            "flushed_offset": self._end,
            "dispatched_offset": self._dispatched,
            "disk_ratio": len(self._log) / self._limit_bytes,
            "queue_count": len(self._queues),
        }

    # IReplicableLog

    def log_read(self, offset: int, max_bytes: int) -> Buffer:
        """Give bytes of the log."""
        return self._read_log(max_bytes, offset)

    def log_write(self, offset: int, data: bytes) -> None:
        """Add bytes to the log."""
        if offset != self._end:
            raise ValueError(f"the log ends at {self._end}, not at {offset}")
        self._log += data
        start = self._dispatched
        fresh = memoryview(self._read_log(self._end - start, start))
        found = scan(fresh, start, _NO_END)
        if found.reason is ScanEnd.BROKEN:
            del self._log[offset - self._base :]
            raise ValueError(f"at {found.end} there is no record")
        states, tags_codes = [], []
        for record in found.records:
            done = self._queues_filled.add(record)
            states += done.states
            tags_codes += [done.tags_code] * len(done.states)
        self._dispatched = found.end
        self._index.put(logged_index_items(found.records))
        if found.records:
            self._arrivals.tell(states, tags_codes, found.records[-1].store_ms)

    def log_truncate(self, offset: int) -> None:
        """Forget everything from *offset* on."""
        del self._log[max(offset - self._base, 0) :]
        self._dispatched = min(self._dispatched, offset)
        self.confirm_offset = min(self.confirm_offset, offset)
        self._index.truncate(offset)
        for key, state in list(self._queues.items()):
            state.drop_from(offset)
            if not state.next_offset:
                del self._queues[key]
