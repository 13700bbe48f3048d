from pathlib import Path

import pytest

from twistedmq.store.errors import StoreOpenError
from twistedmq.store.files.commit_log import CommitLog
from twistedmq.store.files.open_files import OpenFiles
from twistedmq.store.queue_reading import NotResidentError
from twistedmq.testing.fake_files import FakeFiles

FOLDER = Path("/store/commitlog")
SEGMENT = 1000


@pytest.fixture
def files() -> FakeFiles:
    return FakeFiles()


def make_log(files: FakeFiles, segment_bytes: int = SEGMENT) -> CommitLog:
    log = CommitLog(files, FOLDER, segment_bytes, OpenFiles(files, 4))
    log.load()
    return log


def test_bytes_are_read_where_they_were_appended(files: FakeFiles) -> None:
    log = make_log(files)
    assert log.room == SEGMENT - 8
    log.append(b"hello")
    log.append(b"world")
    assert log.read(5, 5) == b"world"
    assert log.read(100, 7) == b"rld"
    assert log.read(5, 10) == b""
    assert (log.end, log.room) == (10, SEGMENT - 18)


def test_a_blank_ends_a_segment(files: FakeFiles) -> None:
    log = make_log(files)
    log.append(b"x" * 900)
    log.blank()
    log.append(b"next")
    assert log.bases == [0, SEGMENT]
    assert log.read(4, SEGMENT) == b"next"
    assert [files.size(path) for path in files.paths()] == [SEGMENT, SEGMENT]


def test_raw_bytes_go_over_the_end_of_a_segment(files: FakeFiles) -> None:
    log = make_log(files)
    log.append_raw(memoryview(bytes(range(250)) * 10))
    assert log.end == 2500
    assert log.bases == [0, 1000, 2000]
    assert log.read(250, 2250) == bytes(range(250))


def test_a_write_that_failed_leaves_zeros(files: FakeFiles) -> None:
    log = make_log(files)
    log.append(b"kept")
    files.room_bytes = 3
    with pytest.raises(OSError, match="space"):
        log.append(b"not kept")
    assert log.end == 4
    assert bytes(files.content(files.paths()[0])) == b"kept" + bytes(SEGMENT - 4)
    assert log.broken is None


def test_raw_bytes_that_failed_are_taken_back(files: FakeFiles) -> None:
    log = make_log(files)
    log.append(b"kept")
    files.room_bytes = 1500
    with pytest.raises(OSError, match="space"):
        log.append_raw(memoryview(b"x" * 3000))
    assert (log.end, log.bases) == (4, [0])


def test_cold_bytes_are_not_waited_for(files: FakeFiles) -> None:
    log = make_log(files)
    log.append(b"x" * 992)
    log.blank()
    log.append(b"hot")
    files.cold = True
    assert log.read_resident(3, SEGMENT) == b"hot"  # the last bytes are hot anyway
    with pytest.raises(NotResidentError):
        log.read_resident(3, 0)
    assert log.read(3, 0) == b"xxx"


def test_truncating_removes_later_segments(files: FakeFiles) -> None:
    log = make_log(files)
    log.append_raw(memoryview(b"x" * 2500))
    log.truncate(1200)
    assert (log.end, log.bases) == (1200, [0, 1000])
    assert bytes(files.content(files.paths()[1])) == b"x" * 200 + bytes(800)
    log.truncate(1000)
    assert (log.end, log.bases) == (1000, [0])
    log.append(b"new")
    assert log.read(3, 1000) == b"new"


def test_a_sync_covers_every_segment_written(files: FakeFiles) -> None:
    log = make_log(files)
    log.append_raw(memoryview(b"x" * 2500))
    assert log.sync() == 2500
    assert files.syncs == 3
    log.append(b"y")
    assert log.sync() == 2501
    assert files.syncs == 4
    log.must_sync(1500)
    log.sync()
    assert files.syncs == 6


@pytest.mark.parametrize("segment_bytes", [500, 2000])
def test_another_segment_size_is_refused(files: FakeFiles, segment_bytes: int) -> None:
    make_log(files).append_raw(memoryview(b"x" * 2500))
    with pytest.raises(StoreOpenError, match="mappedFileSizeCommitLog"):
        make_log(files, segment_bytes)


def test_a_missing_segment_is_refused(files: FakeFiles) -> None:
    make_log(files).append_raw(memoryview(b"x" * 2500))
    files.remove(files.paths()[1])
    with pytest.raises(StoreOpenError, match="is missing"):
        make_log(files)


def test_an_empty_last_file_is_removed(files: FakeFiles) -> None:
    make_log(files).append_raw(memoryview(b"x" * 900))
    files.open(FOLDER / f"{1000:020d}", create=True)
    log = make_log(files)
    assert log.bases == [0]
    log.set_end(900)
    assert log.room == 92


def test_the_first_segment_can_be_let_go_and_taken_back(files: FakeFiles) -> None:
    log = make_log(files)
    log.append_raw(memoryview(bytes(range(250)) * 10))
    oldest = log.oldest()
    assert oldest == (0, FOLDER / f"{0:020d}")
    log.forget(0)
    assert log.min_offset == 1000
    assert log.read(10, 0) == b""
    log.take_back(0)
    assert log.min_offset == 0
    assert log.read(3, 1) == b"\1\2\3"
    log.forget(0)
    files.remove(oldest[1])
    log.forgotten(0)
    assert log.sync() == 2500
    assert make_log(files).bases == [1000, 2000]


def test_the_last_segment_is_nobodys_oldest(files: FakeFiles) -> None:
    log = make_log(files)
    assert log.oldest() is None
    log.append(b"x")
    assert log.oldest() is None
