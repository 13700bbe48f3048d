"""Reads that must wait for the disk: what the contracts do not see."""

from pathlib import Path

from twisted.internet.defer import Deferred

from twistedmq.store.files.store import FileStore
from twistedmq.store.interfaces import QueueRead, ReadStatus
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.contracts.message_store import value_of
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.stores import store_context
from twistedmq.testing.workers import HeldWorkers


def make_cold_store(
    files: FakeFiles, workers: HeldWorkers, **changes: int
) -> FileStore:
    store = FileStore(store_context(Path("/store"), files, workers, **changes))
    store.start()
    workers.go_on_all()
    for _ in range(20):
        store.append(batch_of([Told(body=b"x" * 9000)]))
    store._queue_writer.write_all()
    files.cold = True
    return store


def read(store: FileStore, offset: int) -> QueueRead | Deferred[QueueRead]:
    return store.read_queue("Orders", 0, offset, 4, 1 << 20, None, None)


def test_a_cold_read_waits_in_a_thread() -> None:
    workers = HeldWorkers()
    store = make_cold_store(FakeFiles(), workers)
    waiting = read(store, 0)
    assert isinstance(waiting, Deferred)
    assert workers.waiting == 1
    store.append(batch_of([Told()]))  # life goes on
    workers.go_on()
    assert value_of(waiting).count == 4


def test_the_last_bytes_are_not_waited_for() -> None:
    store = make_cold_store(FakeFiles(), HeldWorkers())
    assert isinstance(read(store, 19), QueueRead)


def test_old_messages_come_in_smaller_portions() -> None:
    files = FakeFiles()
    store = make_cold_store(files, HeldWorkers(), recent_memory_percent=0)
    files.cold = False
    old = value_of(store.read_queue("Orders", 0, 0, 32, 1 << 20, None, None))
    assert old.count == 7  # 64 KiB
    assert old.status is ReadStatus.FOUND
