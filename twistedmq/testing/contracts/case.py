"""What the contracts of a store have in common: how they make one and look at it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, TypeVar, overload

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.protocol.command import Buffer
from twistedmq.store.context import StoreContext
from twistedmq.store.interfaces import Appended, IMessageStore, QueueRead
from twistedmq.store.log_scan import LoggedRecord, scan
from twistedmq.store.workers import Workers
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.stores import store_context
from twistedmq.testing.workers import InlineWorkers

T = TypeVar("T")
_NO_END = 1 << 62


@overload
def value_of(result: "Deferred[T]") -> T: ...
@overload
def value_of(result: "T | Deferred[T]") -> T: ...
def value_of(result: "T | Deferred[T]") -> T:
    """Give the value of a read, which must have happened by now; raises its error."""
    if not isinstance(result, Deferred):
        return result
    values: list[T] = []
    failures: list[Any] = []
    result.addCallbacks(values.append, failures.append)
    if failures:
        failures[0].raiseException()
    assert values, "no answer yet: it must come by the workers of the context"
    return values[0]


def records_of(buffers: list[Buffer]) -> list[LoggedRecord]:
    """Decode what a read gave: each buffer holds records in a row."""
    found = []
    for buffer in buffers:
        base = int.from_bytes(bytes(buffer[28:36]))
        part = scan(memoryview(bytes(buffer)), base, _NO_END)
        assert part.end - base == len(buffer)
        found += part.records
    return found


class StoreCase:
    """Subclasses give ``make_store``.

    It may be called several times with the same directory, once the store before was
    stopped, and then opens the same store. What it makes should be given
    ``self.context(directory)``: the clock is ``self.now_ms``, the threads are
    ``self.workers``, which answer within the call unless a test says otherwise.
    """

    now_ms = 1_700_000_000_000
    settings: ClassVar[dict[str, Any]] = {}
    """Fields of StoreConfig that ``context`` changes, beside those of the test."""

    @pytest.fixture(autouse=True)
    def _fresh(self) -> Iterator[None]:
        self.workers: Workers = InlineWorkers()
        self._to_be_stopped: list[Any] = []
        self.changes: dict[str, Any] = {}
        self.clock = Clock()
        """The reactor of the context made last."""
        yield
        for store in self._to_be_stopped:
            value_of(store.stop())

    def wall_ms(self) -> int:
        """Give the time of the test."""
        return self.now_ms

    def context(self, directory: Path, **more: Any) -> StoreContext:
        """Give what a store is opened with; *more* is for ``store_context``."""
        context = store_context(
            directory,
            workers=self.workers,
            wall_ms=self.wall_ms,
            **{**self.settings, **self.changes, **more},
        )
        self.clock = context.reactor
        return context

    def make_store(self, directory: Path) -> Any:
        """Make a store that was not started yet."""
        raise NotImplementedError(f"{type(self).__name__} has to give make_store")

    def open(self, directory: Path) -> Any:
        """Give a store that is ready."""
        store = self.make_store(directory)
        store.start()
        value_of(store.ready)
        return self.stopped_in_the_end(store)

    def stopped_in_the_end(self, store: T) -> T:
        """Have *store* stopped when the test is over."""
        self._to_be_stopped.append(store)
        return store

    @pytest.fixture
    def store(self, tmp_path: Path) -> IMessageStore:
        """Give a store that is ready."""
        opened: IMessageStore = self.open(tmp_path)
        return opened

    def append(self, store: IMessageStore, *messages: Told) -> Appended:
        """Append *messages* as one batch."""
        return store.append(batch_of(messages))

    def read(
        self, store: IMessageStore, offset: int, count: int = 32, topic: str = "Orders"
    ) -> QueueRead:
        """Read from queue 0 without a filter."""
        return value_of(store.read_queue(topic, 0, offset, count, 1 << 20, None, None))

    def find(self, store: IMessageStore, key: str, topic: str = "Orders") -> list[int]:
        """Query by key, at any time; gives physical offsets."""
        hits = value_of(store.query(topic, key, 32, 0, 1 << 60, ""))
        return hits.physical_offsets
