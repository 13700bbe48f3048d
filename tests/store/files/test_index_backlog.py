from collections.abc import Sequence

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.store.files.index_backlog import IndexBacklog
from twistedmq.store.index_interfaces import IndexItem
from twistedmq.store.memory_index import MemoryIndex
from twistedmq.testing.batches import Told, batch_of


def add(backlog: IndexBacklog, first: int, count: int) -> None:
    batch = batch_of([Told(keys="a")] * count)
    backlog.add(batch, list(range(first, first + count)), 1000)


def test_batches_are_put_behind_the_replies() -> None:
    clock, index = Clock(), MemoryIndex()
    backlog = IndexBacklog(clock, index)
    for n in range(30):
        add(backlog, n * 100, 100)
    assert index.indexed_offset() == -1
    clock.advance(0.01)
    assert index.indexed_offset() == -1
    clock.advance(0.02)
    assert index.indexed_offset() == 2999
    assert not clock.getDelayedCalls()


def test_everything_is_put_when_asked() -> None:
    clock, index = Clock(), MemoryIndex()
    backlog = IndexBacklog(clock, index)
    add(backlog, 0, 5)
    backlog.put_all()
    assert index.indexed_offset() == 4
    backlog.stop()
    assert not clock.getDelayedCalls()


def test_batches_wait_until_the_index_is_prepared() -> None:
    clock, index = Clock(), MemoryIndex()
    prepared: Deferred[None] = Deferred()
    backlog = IndexBacklog(clock, index, lambda: prepared)
    add(backlog, 0, 5)
    clock.pump([0.02] * 3)
    assert index.indexed_offset() == -1
    prepared.callback(None)
    clock.pump([0.02] * 3)
    assert index.indexed_offset() == 4


def test_the_batches_of_a_slice_are_put_at_once() -> None:
    clock, index = Clock(), MemoryIndex()
    puts: list[int] = []
    put = index.put

    def counted(items: Sequence[IndexItem]) -> None:
        puts.append(len(items))
        put(items)

    index.put = counted  # type: ignore[method-assign]
    backlog = IndexBacklog(clock, index)
    for n in range(300):
        add(backlog, n, 1)
    clock.pump([0.02, 0, 0])
    assert puts == [256, 44]
