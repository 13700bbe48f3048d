"""What is left after kill -9, power loss, torn and failed writes."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.config.store import FlushMode
from twistedmq.store.files.store import FileStore
from twistedmq.store.interfaces import Appended, Durability, StoreFullError
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.contracts.message_store import records_of, value_of
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.stores import open_store, store_context
from twistedmq.testing.workers import HeldWorkers

ROOT = Path("/store")
LOG = ROOT / "commitlog" / f"{0:020d}"


def told(n: int) -> Told:
    return Told(
        queue_id=n % 3, body=b"b" * (n % 97) + b"%d" % n, tag="t", keys=f"k{n} all"
    )


def fill(store: FileStore, count: int, batch: int = 7) -> list[Appended]:
    return [
        store.append(batch_of([told(n) for n in range(at, min(at + batch, count))]))
        for at in range(0, count, batch)
    ]


def all_bodies(store: FileStore) -> list[int]:
    """The numbers in all bodies, in the order of the log; and check queue offsets."""
    found = []
    for topic, queue_id in store.queues():
        offset, last = store.queue_bounds(topic, queue_id)
        while offset < last:
            read = value_of(
                store.read_queue(topic, queue_id, offset, 32, 1 << 20, None, None)
            )
            assert read.count
            for record in records_of(read.records):
                assert record.queue_offset == offset
                assert record.queue_id == queue_id
                offset += 1
                found.append(record.physical_offset)
    return sorted(found)


def abandon(files: FakeFiles) -> None:
    files.kill_program()


def check_index(store: FileStore, kept: int) -> None:
    for n in (0, kept // 2, kept - 1):
        hits = value_of(store.query("Orders", f"k{n}", 9, 0, 1 << 60, ""))
        assert len(hits.physical_offsets) == 1
    hits = value_of(store.query("Orders", f"k{kept}", 9, 0, 1 << 60, ""))
    assert hits.physical_offsets == []


@pytest.mark.parametrize("vouch_after", [0, 1, 150, 299, None])
def test_kill_loses_nothing(vouch_after: int | None) -> None:
    files = FakeFiles()
    store = open_store(ROOT, files)
    places = []
    for at in range(300):
        if at == vouch_after:
            value_of(store._voucher.vouch())
        places += store.append(batch_of([told(at)])).physical_offsets
    if vouch_after is None:
        store._queue_writer.write_all()
    abandon(files)
    again = open_store(ROOT, files)
    assert all_bodies(again) == places
    assert again.log_bounds() == store.log_bounds()
    check_index(again, 300)
    more = again.append(batch_of([told(0)]))
    assert more.queue_offsets == [100]


def test_a_second_kill_loses_nothing() -> None:
    files = FakeFiles()
    places: list[int] = []
    for _ in range(4):
        store = open_store(ROOT, files)
        assert all_bodies(store) == places
        for appended in fill(store, 100):
            places += appended.physical_offsets
        value_of(store._voucher.vouch())
        for appended in fill(store, 50):
            places += appended.physical_offsets
        abandon(files)


def test_a_clean_stop_is_vouched_for() -> None:
    files = FakeFiles()
    store = open_store(ROOT, files)
    places = [p for a in fill(store, 200) for p in a.physical_offsets]
    value_of(store.stop())
    assert files.size(ROOT / "abort") is None
    reads = files.writes
    again = open_store(ROOT, files)
    assert again.status()["vouched_offset"] == store.log_bounds()[1]
    assert files.writes - reads <= 2  # abort and nothing else
    assert all_bodies(again) == places
    check_index(again, 200)


@given(st.integers(0, 30_000), st.booleans())
def test_a_torn_log_keeps_every_whole_record(at: int, cut: bool) -> None:
    files = FakeFiles()
    store = open_store(ROOT, files)
    appended = fill(store, 150)
    places = [p for a in appended for p in a.physical_offsets]
    end = appended[-1].end
    abandon(files)
    log = files.content(LOG)
    before = bytes(log[: end + 100])
    if cut:
        del log[at:]
    else:
        log[at:] = bytes(len(log[at:]))
    again = open_store(ROOT, files)
    first_broken = next(
        (i for i in range(min(at, end), end) if i >= len(log) or log[i] != before[i]),
        end,
    )
    ends = [*places[1:], end]
    whole = [p for p, e in zip(places, ends, strict=True) if e <= first_broken]
    assert all_bodies(again) == whole
    assert again.log_bounds()[1] == (ends[len(whole) - 1] if whole else 0)
    if whole:
        assert not any(files.content(LOG)[ends[len(whole) - 1] :])
        assert len(files.content(LOG)) == 64 * 1024
        check_index(again, len(whole))


def test_a_full_disk_stores_nothing_and_is_tried_again() -> None:
    files = FakeFiles()
    context = store_context(ROOT, files)
    store = FileStore(context)
    store.start()
    value_of(store.ready)
    fill(store, 10)
    before = store.log_bounds(), store.queue_bounds("Orders", 0)
    files.room_bytes = 50
    with pytest.raises(StoreFullError, match="is full"):
        store.append(batch_of([told(10), told(11)]))
    files.room_bytes = None
    with pytest.raises(StoreFullError, match="is full"):
        store.append(batch_of([told(10)]))
    assert (store.log_bounds(), store.queue_bounds("Orders", 0)) == before
    assert not any(files.content(LOG)[before[0][1] :])
    assert len(all_bodies(store)) == 10
    context.reactor.advance(1.1)
    assert store.append(batch_of([told(10)])).physical_offsets == [before[0][1]]


def test_a_full_disk_within_a_roll_over_stores_nothing() -> None:
    files = FakeFiles()
    store = open_store(ROOT, files)
    big = Told(body=b"x" * 30_000)
    kept = store.append(batch_of([big]))
    files.room_bytes = 31_000
    with pytest.raises(StoreFullError):
        store.append(batch_of([big, big]))
    files.room_bytes = None
    assert store.log_bounds() == (0, kept.end)
    assert files.list(ROOT / "commitlog") == [f"{0:020d}"]
    abandon(files)
    assert len(all_bodies(open_store(ROOT, files))) == 1


def test_after_a_failed_sync_nothing_is_stored_until_it_is_written_again() -> None:
    files = FakeFiles()
    store = open_store(ROOT, files, flush_mode=FlushMode.SYNC)
    first = store.append(batch_of([told(0)]))
    assert store.safe(first.end) is None  # synced already: nothing waits here
    assert store.durability is Durability.DISK
    files.fail_sync = True
    second = store.append(batch_of([told(1)]))
    failures: list[Any] = []
    waiting = store.safe(second.end)
    assert waiting is not None
    waiting.addErrback(failures.append)
    assert failures[0].check(StoreFullError)
    files.fail_sync = False
    with pytest.raises(StoreFullError, match="sync"):
        store.append(batch_of([told(2)]))
    assert len(all_bodies(store)) == 2
    value_of(store.stop())
    assert files.size(ROOT / "abort")
    files.kill_power()
    again = open_store(ROOT, files)
    assert first.physical_offsets[0] in all_bodies(again)
    again.append(batch_of([told(2)]))


def test_what_was_acknowledged_after_a_sync_survives_power_loss() -> None:
    files = FakeFiles()
    store = open_store(ROOT, files, flush_mode=FlushMode.SYNC)
    places = []
    for n in range(120):
        appended = store.append(batch_of([told(n)]))
        value_of(store.safe(appended.end))
        places += appended.physical_offsets
        if n == 60:
            value_of(store._voucher.vouch())
    files.kill_power()
    again = open_store(ROOT, files)
    assert all_bodies(again) == places
    check_index(again, 120)


def test_one_sync_releases_all_who_wait() -> None:
    workers = HeldWorkers()
    context = store_context(ROOT, FakeFiles(), workers, flush_mode=FlushMode.SYNC)
    store = FileStore(context)
    store.start()
    workers.go_on_all()
    fired: list[int] = []
    for n in range(5):
        end = store.append(batch_of([told(n)])).end
        waiting = store.safe(end)
        assert waiting is not None
        waiting.addCallback(lambda _, n=n: fired.append(n))
    assert workers.waiting == 1
    workers.go_on()
    assert fired == [0, 1, 2, 3, 4]  # that sync began after the last write


def test_a_batch_rolls_over_into_the_next_segment(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    appended = store.append(batch_of([Told(body=b"x" * 9000) for _ in range(20)]))
    assert len(set(p // 65536 for p in appended.physical_offsets)) == 3
    assert len(all_bodies(store)) == 20
    for name in ("0" * 20, "65536".zfill(20), "131072".zfill(20)):
        assert (tmp_path / "commitlog" / name).stat().st_size == 65536
    value_of(store.stop())
    assert len(all_bodies(open_store(tmp_path))) == 20


def test_deleted_topics_stay_deleted_after_a_kill() -> None:
    files = FakeFiles()
    context = store_context(ROOT, files)
    store = FileStore(context)
    store.start()
    fill(store, 30)
    store.append(batch_of([Told("Other")]))
    store.delete_topic("Orders")
    context.reactor.advance(0)
    store.append(batch_of([Told("Orders", body=b"new")]))
    abandon(files)
    again = open_store(ROOT, files)
    assert sorted(again.queues()) == [("Orders", 0), ("Other", 0)]
    assert again.queue_bounds("Orders", 0) == (0, 1)


def test_a_topic_deleted_a_moment_before_a_kill_stays_deleted() -> None:
    files = FakeFiles()
    store = FileStore(store_context(ROOT, files))
    store.start()
    fill(store, 30)
    store.append(batch_of([Told("Other")]))
    store.delete_topic("Orders")
    abandon(files)
    again = open_store(ROOT, files)
    assert sorted(again.queues()) == [("Other", 0)]
    again.append(batch_of([Told("Orders", body=b"new")]))
    assert again.queue_bounds("Orders", 0) == (0, 1)
    abandon(files)
    once_more = open_store(ROOT, files)
    assert sorted(once_more.queues()) == [("Orders", 0), ("Other", 0)]
    assert once_more.queue_bounds("Orders", 0) == (0, 1)
    value_of(once_more.stop())
    assert not [name for name in files.list(ROOT) if "deletions" in name]
