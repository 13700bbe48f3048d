import errno
from pathlib import Path

import pytest
from offline_kit import (
    BadSectors,
    faults,
    filled,
    looked_at,
    queue_file,
    segment,
    verified,
)

from twistedmq.store.offline.reading_files import ReadingFiles
from twistedmq.testing.fake_files import FakeFiles

PATH = Path("/data/file")


@pytest.fixture
def files() -> FakeFiles:
    files = FakeFiles()
    files.open(PATH, create=True).write(bytes(range(1, 251)) * 80, 0)
    return files


def test_what_can_be_read_is_read(files: FakeFiles) -> None:
    reading = ReadingFiles(files)
    file = reading.open(PATH)
    whole = bytes(files.content(PATH))
    assert file.read(100, 50) == whole[50:150]
    assert file.read_resident(10, 0) == whole[:10]
    assert file.pieces_resident([105, 120], [110, 125], 100) == [
        whole[5:10],
        whole[20:25],
    ]
    assert (file.size(), file.next_data(7)) == (20_000, 7)
    assert reading.size(PATH) == 20_000
    assert list(reading.list(PATH.parent)) == ["file"]
    assert reading.is_folder(PATH.parent)
    assert reading.modified_ns(PATH) == files.modified_ns(PATH)
    assert reading.disk_use(PATH) == files.disk
    assert reading.refused == []


def test_what_the_disk_refuses_is_zeros_and_remembered(files: FakeFiles) -> None:
    reading = ReadingFiles(BadSectors(files, PATH, range(5000, 9000)))
    whole = bytes(files.content(PATH))
    wanted = whole[:4096] + bytes(8192) + whole[12288:]
    for _ in range(2):
        assert reading.open(PATH).read(30_000, 0) == wanted
    assert reading.refused == [(PATH, 4096, 12288, "Input/output error")]
    assert reading.open(PATH).read(10, 5000) == bytes(10)
    assert reading.open(PATH).read(10, 30_000) == b""


def test_nothing_is_changed(files: FakeFiles) -> None:
    reading = ReadingFiles(files)
    file = reading.open(PATH, create=True)
    with pytest.raises(FileNotFoundError):
        reading.open(Path("/new"), create=True)
    for change in (
        lambda: file.write(b"x", 0),
        file.sync,
        lambda: file.resize(3),
        lambda: reading.write_at(str(PATH), b"x", 0),
        lambda: reading.make_folder(PATH),
        lambda: reading.rename(PATH, PATH),
        lambda: reading.remove(PATH),
        lambda: reading.sync_folder(PATH),
        lambda: reading.lock(PATH),
    ):
        with pytest.raises(OSError, match="Read-only file system") as refused:
            change()
        assert refused.value.errno == errno.EROFS


def test_places_that_are_not_neighbours_are_told_apart(files: FakeFiles) -> None:
    reading = ReadingFiles(files)
    for start in (0, 4096, 40_960):
        reading.remember(PATH, start, start + 4096, "why")
    reading.remember(Path("/other"), 8192, 9000, "why")
    assert [refused[1:3] for refused in reading.refused] == [
        (0, 8192),
        (40_960, 45_056),
        (8192, 9000),
    ]


def test_a_store_on_a_failing_disk_is_verified_to_its_end() -> None:
    files = filled(300, segment_bytes=16384)
    bad = BadSectors(files, segment(), range(5000, 5001))
    verification, found = verified(bad)
    assert {f.kind for f in found} >= {"log-hole", "unreadable", "queue-entry"}
    [refused] = [f for f in found if f.kind == "unreadable"]
    assert (refused.where, refused.offset, refused.end) == (str(segment()), 4096, 8192)
    assert verification.summary.records > 250
    files = filled(60)
    assert set(faults(BadSectors(files, queue_file(1), range(300, 301)))) == {
        "queue-missing",
        "unreadable",
    }
    [path] = looked_at(filled(40)).index_files
    assert "unreadable" in faults(BadSectors(filled(40), path, range(2000, 2001)))
