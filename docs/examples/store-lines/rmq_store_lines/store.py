"""The store: every batch is a line of a file, every message is in memory as well."""

import os
from base64 import b64decode, b64encode
from json import dumps, loads
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from twistedmq.config.store import FlushMode
from twistedmq.protocol.record_layout import lay_out, record_sizes
from twistedmq.protocol.send_batch import SendBatch
from twistedmq.store.arrivals import Arrivals, index_items, logged_index_items
from twistedmq.store.context import StoreContext
from twistedmq.store.delay_levels import DelayLevels
from twistedmq.store.errors import StoreOpenError
from twistedmq.store.flush import Flusher
from twistedmq.store.index_interfaces import IndexHits
from twistedmq.store.interfaces import (
    Appended,
    ArrivalListener,
    Durability,
    IMessageStore,
    StoreFullError,
)
from twistedmq.store.log_dispatch import LogDispatch
from twistedmq.store.log_scan import scan
from twistedmq.store.memory_index import MemoryIndex
from twistedmq.store.queue_state import add_entries, give_back_offsets, take_offsets
from twistedmq.store.table_reads import TableReads

_NO_SEGMENTS = 1 << 62


@implementer(IMessageStore)
class LinesStore(TableReads):
    """A line is {"records": base64} or {"deleted": topic}. The log is in memory too."""

    def __init__(self, context: StoreContext, path: Path) -> None:
        super().__init__(context.config)
        self.ready: Deferred[None] = Deferred()
        self._context = context
        self._path = path
        self._log = bytearray()
        self._arrivals = Arrivals()
        self._delays = DelayLevels(context.config.value.delay_levels)
        self._filled = LogDispatch(self._queues, context.config.value)
        self._file: Any = None
        self._lock: object = None

    # Life

    @property
    def durability(self) -> Durability:
        if self._config.value.flush_mode is FlushMode.SYNC:
            return Durability.DISK
        return Durability.PAGE_CACHE

    def start(self) -> None:
        context, path = self._context, self._path
        try:
            context.files.make_folder(path.parent)
            self._lock = context.files.lock(path.with_name(f"{path.name}.lock"))
            self._file = path.open("ab+", buffering=0)
        except OSError as error:
            raise StoreOpenError(path, str(error)) from error
        self._workers = context.make_workers()
        self._flusher = Flusher(
            self._workers, self._sync, context.reactor, self._write_again
        )
        self._index = context.open_index(MemoryIndex)
        self._index.truncate(0)
        recovering = self._workers.run(self._recover)
        recovering.addCallbacks(self.ready.callback, self._not_opened)

    def _recover(self) -> None:
        self._file.seek(0)
        good = 0
        for line in self._file.readlines():
            if not line.endswith(b"\n"):
                break  # a crash tore it; nobody was told that it is safe
            try:
                told = loads(line)
            except ValueError:
                if not good:
                    raise  # nothing in here is ours to cut
                break  # so do pages that a loss of power took
            good += len(line)
            if "deleted" in told:
                self._forget(told["deleted"])
            else:
                self._read_back(b64decode(told["records"]))
        self._file.truncate(good)

    def _read_back(self, data: bytes) -> None:
        found = scan(memoryview(data), len(self._log), _NO_SEGMENTS).records
        for record in found:
            self._filled.add(record)
        self._log += data
        self._index.put(logged_index_items(found))

    def _not_opened(self, failure: Any) -> None:
        self._lock = None
        self.ready.errback(StoreOpenError(self._path, failure.getErrorMessage()))

    def stop(self) -> Deferred[None]:
        if self._file is None:
            return succeed(None)
        file, self._file = self._file, None
        self._flusher.stop()

        def sync(_: object) -> Deferred[None]:
            return self._workers.run(os.fsync, file.fileno())

        def close(_: object) -> None:
            file.close()
            self._lock = None
            self._workers.stop()

        return self._workers.run(self._index.close).addBoth(sync).addBoth(close)

    # Writing

    def append(self, batch: SendBatch) -> Appended:
        host, at = self._context.store_host, len(self._log)
        store_ms = self._context.wall_ms()
        sizes = record_sizes(batch, host)
        states, offsets = take_offsets(self._queues, batch)
        try:
            data = b"".join(
                lay_out(batch, 0, len(sizes), at, offsets, sizes, store_ms, host)
            )
            self._write({"records": b64encode(data).decode()})
        except BaseException:
            give_back_offsets(self._queues, states)
            raise
        self._log += data
        codes = self._delays.entry_codes(batch, store_ms)
        places = add_entries(states, sizes, codes, at)
        self._index.put(index_items(batch, places, store_ms))
        self._arrivals.tell(states, codes, store_ms)
        return Appended(places, offsets, len(self._log), store_ms)

    def _write(self, told: dict[str, str]) -> None:
        if self._flusher.failed is not None:
            raise StoreFullError(self._flusher.failed)
        line = dumps(told).encode() + b"\n"
        before = self._file.seek(0, os.SEEK_END)
        try:
            written = self._file.write(line)
        except OSError as error:
            raise StoreFullError(f"{self._path}: {error}") from error
        if written < len(line):
            self._file.truncate(before)
            raise StoreFullError(f"{self._path}: the disk is full")

    def _sync(self) -> int:
        end = len(self._log)
        os.fsync(self._file.fileno())
        return end

    def _write_again(self, start: int) -> int:
        raise OSError("open the store again")  # it has no second copy to write

    def safe(self, end: int) -> Deferred[Durability] | None:
        replication = self._context.replication
        if self._config.value.flush_mode is FlushMode.SYNC:
            flushing = self._flusher.flush(end)
            if flushing is not None:
                return flushing.addCallback(
                    lambda _: replication.replicated(end) or self.durability
                )
        return replication.replicated(end)

    def delete_topic(self, topic: str) -> int:
        if all(key[0] != topic for key in self._queues):
            return 0
        self._write({"deleted": topic})
        return self._forget(topic)

    def _forget(self, topic: str) -> int:
        gone = [key for key in self._queues if key[0] == topic]
        for key in gone:
            del self._queues[key]
        return len(gone)

    # Reading: TableReads does it, from these two

    def log_bounds(self) -> tuple[int, int]:
        return 0, len(self._log)

    def _read_log(self, size: int, offset: int) -> bytes:
        return bytes(self._log[offset : offset + size])

    # The rest

    def query(
        self,
        topic: str,
        key: str,
        max_count: int,
        begin_ms: int,
        end_ms: int,
        index_type: str,
    ) -> IndexHits:
        return self._index.find(topic, key, max_count, begin_ms, end_ms, index_type)

    def add_arrival_listener(self, listener: ArrivalListener) -> None:
        self._arrivals.add(listener)

    def status(self) -> dict[str, Any]:
        end = len(self._log)
        return {
            "min_offset": 0,
            "max_offset": end,
            "flushed_offset": min(self._flusher.flushed, end),
            "dispatched_offset": end,
            "disk_ratio": self._context.files.disk_use(self._path.parent).ratio,
        }
