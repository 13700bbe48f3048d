from pathlib import Path
from typing import Any

import pytest

from twistedmq.store.errors import StoreOpenError
from twistedmq.store.files.entry_files import EntryFiles
from twistedmq.store.files.open_files import OpenFiles
from twistedmq.store.queue_interfaces import QueueFileKey
from twistedmq.store.queue_reading import NotResidentError
from twistedmq.store.queue_state import QueueState
from twistedmq.testing.fake_files import FakeFiles

FOLDER = Path("/store/kind")


class Numbers(EntryFiles):
    """Entries of 10 bytes: ten times their number, and two more bytes."""

    def add(self, first: int, last: int) -> None:
        state = QueueState("T", 0)
        while first < last:
            rest = range(first, last)
            entries = b"".join((10 * n).to_bytes(8) + b"ab" for n in rest)
            first += self._put(state, first, entries)

    def bases(self) -> list[int]:
        return self._bases("T", 0)

    def cut(self, end: int) -> None:
        self._cut("T", 0, self.bases(), end)

    def numbers(self) -> tuple[int, int]:
        return self._numbers(self.bases())


def make(files: FakeFiles, file_bytes: int = 95) -> Numbers:
    return Numbers(
        files,
        FOLDER,
        file_bytes,
        OpenFiles(files, 4),
        entry_bytes=10,
        setting="someSetting",
    )


@pytest.fixture
def files() -> FakeFiles:
    return FakeFiles()


def test_files_hold_whole_entries(files: FakeFiles) -> None:
    entries = make(files)
    entries.add(0, 25)
    assert entries.bases() == [0, 100, 200]
    assert entries.numbers() == (0, 30)
    assert {key[2:] for key in entries.unsynced()} == {
        (0, "kind"),
        (100, "kind"),
        (200, "kind"),
    }
    assert entries.read("T", 0, 9, 2, False)[7::10] == bytes([90, 100])


def test_a_search_finds_where_a_run_ends(files: FakeFiles) -> None:
    entries = make(files)
    entries.add(0, 25)
    for end in (0, 1, 9, 10, 25):
        found = entries.search(
            "T", 0, 0, 25, lambda e, end=end: int.from_bytes(e[:8]) < 10 * end
        )
        assert found == end


@pytest.mark.parametrize("end", [0, 5, 10, 11, 20, 25])
def test_a_cut_leaves_zeros(files: FakeFiles, end: int) -> None:
    entries = make(files)
    entries.add(0, 25)
    entries.cut(end)
    raw = b"".join(bytes(files.content(path)) for path in files.paths())
    assert not any(raw[10 * end :])
    assert len(files.paths()) == max(1, -(-end // 10))


def test_files_expire_whole(files: FakeFiles) -> None:
    entries = make(files)
    entries.add(0, 25)
    assert [key[2] for key in entries.expired("T", 0, 190)] == [0]
    assert [key[2] for key in entries.expired("T", 0, 191)] == [0, 100]
    assert [key[2] for key in entries.expired("T", 0, 9999)] == [0, 100]
    entries.remove(("T", 0, 0, "kind"))
    assert entries.bases() == [100, 200]
    assert entries.read("T", 0, 5, 1, False) == b""


def test_a_missing_file_ends_a_read(files: FakeFiles) -> None:
    entries = make(files)
    entries.add(0, 25)
    entries.remove(("T", 0, 100, "kind"))
    assert len(entries.read("T", 0, 5, 20, False)) == 50
    assert entries.bases() == [0]


def test_a_file_of_another_size_names_the_setting(files: FakeFiles) -> None:
    make(files).add(0, 3)
    with pytest.raises(StoreOpenError, match="someSetting is 50"):
        make(files, 50).bases()


def test_no_disk_is_waited_for_unasked(files: FakeFiles) -> None:
    entries = make(files)
    entries.add(0, 3)
    files.cold = True
    with pytest.raises(NotResidentError):
        entries.read("T", 0, 0, 1, True)
    assert entries.read("T", 0, 0, 1, False)


class OneDisk(FakeFiles):
    """Files on a disk that can be synced as a whole."""

    def __init__(self) -> None:
        super().__init__()
        self.disk_syncs = 0
        self.is_ill = False

    def whole_disk(self, path: Path) -> Any:
        return self

    def sync(self) -> None:
        if self.is_ill:
            raise OSError(5, "I/O error")
        self.disk_syncs += 1


def written(files: FakeFiles, count: int) -> tuple[EntryFiles, set[QueueFileKey]]:
    entries = make(files)
    for number in range(count):
        entries._put(QueueState(f"T{number}", 0), 0, b"0123456789")
    return entries, entries.unsynced()


def test_many_files_are_synced_with_their_disk() -> None:
    files = OneDisk()
    entries, keys = written(files, 200)
    entries.sync(keys)
    assert (files.disk_syncs, files.syncs) == (1, 0)


def test_a_few_files_are_synced_by_themselves() -> None:
    files = OneDisk()
    entries, keys = written(files, 199)
    entries.sync(keys)
    assert (files.disk_syncs, files.syncs) == (0, 199)


def test_what_a_disk_failed_to_sync_is_written_again_file_by_file() -> None:
    files = OneDisk()
    entries, keys = written(files, 200)
    files.is_ill = True
    with pytest.raises(OSError, match="I/O"):
        entries.sync(keys)
    files.is_ill = False
    entries.sync(keys)
    assert (files.disk_syncs, files.syncs) == (0, 200)
    entries.sync(keys)
    assert files.disk_syncs == 1
