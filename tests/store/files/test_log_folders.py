"""A commit log in several folders, as the genuine broker spreads it."""

from pathlib import Path
from typing import Any

import pytest

from twistedmq.protocol.record import decode_records
from twistedmq.store.disk_use import DiskUse
from twistedmq.store.errors import StoreOpenError
from twistedmq.store.files.log_folders import LogFolders
from twistedmq.store.files.paths import file_name
from twistedmq.store.files.store import FileStore
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.contracts.message_store import value_of
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.stores import SMALL, open_store

ROOT = Path("/store")
SEGMENT = SMALL.segment_bytes
A, B, C = Path("/disk/a"), Path("/disk/b"), Path("/disk/c")


def folders(files: FakeFiles, *full: Path, **changes: Any) -> LogFolders:
    return LogFolders(files, [B, A, C], is_full=full.__contains__, **changes)


def placed(log: LogFolders, count: int) -> list[Path]:
    return [log.path(number * SEGMENT, number).parent for number in range(count)]


def test_segments_go_round_the_folders_by_name() -> None:
    assert placed(folders(FakeFiles()), 7) == [A, B, C, A, B, C, A]


def test_a_full_folder_gets_nothing_new() -> None:
    assert placed(folders(FakeFiles(), B), 4) == [A, C, A, C]


def test_where_all_are_full_all_are_used() -> None:
    assert placed(folders(FakeFiles(), A, B, C), 4) == [A, B, C, A]


def test_a_folder_only_read_from_gets_nothing_new() -> None:
    assert placed(folders(FakeFiles(), read_only=[A]), 4) == [B, C, B, C]


def test_a_segment_stays_where_it_is() -> None:
    files = FakeFiles()
    files.open(C / file_name(0), create=True)
    files.open(C / file_name(SEGMENT), create=True)
    log = folders(files, read_only=[C])
    assert log.load() == [file_name(0), file_name(SEGMENT)]
    assert placed(log, 4) == [C, C, A, B]
    log.remove(SEGMENT, 1)
    assert files.list(C) == [file_name(0)]
    assert log.path(SEGMENT, 1).parent == B


def test_a_segment_in_two_folders_is_refused() -> None:
    files = FakeFiles()
    for folder in (A, B):
        files.open(folder / file_name(0), create=True)
    with pytest.raises(StoreOpenError, match=r"/disk/a.*000 is in /disk/b as well"):
        folders(files).load()


def test_a_missing_folder_that_is_only_read_from_is_refused() -> None:
    files = FakeFiles()
    with pytest.raises(StoreOpenError, match=r"/disk/c .*readOnlyCommitLogStorePaths"):
        LogFolders(files, [A], [C]).make()
    files.make_folder(C)
    LogFolders(files, [A], [C]).make()


def test_names_are_synced_where_they_changed() -> None:
    synced: list[Path] = []

    class Noting(FakeFiles):
        def sync_folder(self, path: Path) -> None:
            synced.append(path)

    log = folders(Noting())
    log.path(0, 0)
    log.path(SEGMENT, 1)
    log.sync()
    log.sync()
    assert sorted(synced) == [A, B]


def test_names_that_could_not_be_synced_are_synced_again() -> None:
    class Failing(FakeFiles):
        fails = True
        synced = 0

        def sync_folder(self, path: Path) -> None:
            self.synced += 1
            if self.fails:
                raise OSError(5, "I/O error", str(path))

    files = Failing()
    log = folders(files)
    log.path(0, 0)
    with pytest.raises(OSError, match="I/O"):
        log.sync()
    files.fails = False
    log.sync()
    assert files.synced == 2


# The whole store over several folders

THREE = dict(log_folders=f"{A},{B}, {C}")


def opened(files: FakeFiles, **changes: Any) -> FileStore:
    return open_store(ROOT, files, **{**THREE, **changes})


def fill(store: FileStore, first: int, count: int) -> None:
    for number in range(first, first + count):
        body = b"%d " % number + b"x" * 9000
        store.append(batch_of([Told(body=body, keys=f"k{number}")]))


def numbers(store: FileStore) -> list[int]:
    found, offset = [], 0
    while offset < store.queue_bounds("Orders", 0)[1]:
        read = value_of(store.read_queue("Orders", 0, offset, 32, 1 << 20, None, None))
        data = b"".join(map(bytes, read.records))
        found += [int(r.body.split()[0]) for r in decode_records(data)]
        offset = read.next_offset
    return found


def segments(files: FakeFiles) -> list[Path]:
    return [p for p in files.paths() if p.name.isdigit() and len(p.name) == 20]


def test_a_store_reads_and_rolls_over_all_folders() -> None:
    files = FakeFiles()
    store = opened(files)
    fill(store, 0, 40)
    assert numbers(store) == list(range(40))
    for folder in (A, B, C):
        assert len(files.list(folder)) == 2
    assert not files.list(ROOT / "commitlog")
    store.stop()
    again = opened(files)
    assert numbers(again) == list(range(40))
    fill(again, 40, 10)
    assert numbers(again) == list(range(50))


def test_it_recovers_over_all_folders() -> None:
    files = FakeFiles()
    fill(opened(files), 0, 40)
    files.kill_program()
    assert numbers(opened(files)) == list(range(40))


def test_truncating_goes_through_all_folders() -> None:
    files = FakeFiles()
    store = opened(files)
    fill(store, 0, 40)
    cut = store.entries("Orders", 0, 10, 1)[0].physical_offset
    store.log_truncate(cut)
    assert numbers(store) == list(range(10))
    fill(store, 10, 30)
    assert numbers(store) == list(range(40))
    assert [len(files.list(folder)) for folder in (A, B, C)] == [2, 2, 2]


def test_a_log_moves_to_new_folders_by_and_by() -> None:
    files = FakeFiles()
    first = opened(files, log_folders=f"{A}")
    fill(first, 0, 20)
    first.stop()
    kept = list(files.list(A))
    moved = opened(files, log_folders=f"{B},{C}", read_only_log_folders=f"{A}")
    fill(moved, 20, 30)
    assert list(files.list(A)) == kept
    assert files.list(B)
    assert files.list(C)
    assert numbers(moved) == list(range(50))
    assert value_of(moved.query("Orders", "k3", 9, 0, 1 << 60, "")).physical_offsets


def test_the_separator_can_be_another_one() -> None:
    files = FakeFiles()
    fill(opened(files, log_folders=f"{A}:{B}", folder_separator=":"), 0, 20)
    assert files.list(A)
    assert files.list(B)
    assert len(segments(files)) == 3


def test_a_disk_that_is_nearly_full_gets_no_new_segments() -> None:
    files = FakeFiles()
    files.disks[A] = DiskUse(90, 10, 100)
    fill(opened(files), 0, 40)
    assert files.list(A) == []
    assert len(files.list(B)) + len(files.list(C)) == 6
