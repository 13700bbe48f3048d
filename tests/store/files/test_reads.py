"""Reads that must wait for the disk: what the contracts do not see."""

from collections.abc import Sequence
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from twistedmq.protocol.command import Buffer
from twistedmq.store.files.store import FileStore
from twistedmq.store.interfaces import QueueRead, ReadStatus
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.contracts.message_store import records_of, value_of
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


def delete_oldest(store: FileStore, files: FakeFiles) -> int:
    """Delete a file of the log as the cleaner does; gives where the log begins now."""
    log = store._commit_log
    oldest = log.oldest()
    assert oldest is not None
    log.forget(oldest[0])
    files.remove(oldest[1])
    log.forgotten(oldest[0])
    return log.min_offset


def test_a_read_that_meets_a_deletion_begins_again() -> None:
    workers, files = HeldWorkers(), FakeFiles()
    store = make_cold_store(files, workers)
    reading = read(store, 5)
    time = store.store_time("Orders", 0, 0)
    found = store.offset_by_time("Orders", 0, 0, False)
    record = store.record_at(0)
    log_min = delete_oldest(store, files)
    workers.go_on_all()
    got = value_of(reading)
    assert sum(map(len, got.records)) == got.size
    places = [r.physical_offset for r in records_of(got.records)]
    assert len(places) == got.count > 0
    assert min(places) >= log_min
    assert value_of(time) == -1
    assert value_of(record) is None
    assert store.entries("Orders", 0, value_of(found), 1)[0].physical_offset >= log_min


def test_a_file_deleted_in_the_middle_of_a_read_is_not_missed() -> None:
    """As if the thread had looked at the log's beginning a moment before."""
    workers, files = HeldWorkers(), FakeFiles()
    store = make_cold_store(files, workers)
    pieces = store._waiting.pieces
    deleted: list[int] = []

    def slowly(starts: Sequence[int], ends: Sequence[int]) -> list[Buffer]:
        if not deleted:
            deleted.append(delete_oldest(store, files))
        return pieces(starts, ends)

    store._waiting.pieces = slowly
    reading = read(store, 5)
    workers.go_on()
    got = value_of(reading)
    assert sum(map(len, got.records)) == got.size
    places = [r.physical_offset for r in records_of(got.records)]
    assert len(places) == got.count > 0
    assert min(places) >= deleted[0]


def test_a_read_that_fails_for_another_reason_says_so() -> None:
    workers, files = HeldWorkers(), FakeFiles()
    store = make_cold_store(files, workers)
    reading = read(store, 5)
    oldest = store._commit_log.oldest()
    assert oldest is not None
    store._open.clear()
    files.remove(oldest[1])  # by somebody else
    failures: list[Failure] = []
    assert isinstance(reading, Deferred)
    reading.addErrback(failures.append)
    workers.go_on()
    assert failures[0].check(FileNotFoundError)


def test_the_system_reads_ahead_unless_it_is_told_not_to() -> None:
    workers, files = HeldWorkers(), FakeFiles()
    store = make_cold_store(files, workers)
    first = Path("/store/commitlog") / f"{0:020d}"
    for wanted in (True, False):
        store._config.replace(reads_ahead=wanted)
        read(store, 0)
        workers.go_on_all()
        assert files.read_ahead[first] is wanted
