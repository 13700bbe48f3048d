"""That it is a file system is tested beside the real one, in store/test_files_layer."""

from pathlib import Path

import pytest

from twistedmq.store.disk_use import DiskUse
from twistedmq.testing.fake_files import FakeFiles

PATH = Path("/folder/file")


def test_power_loss_takes_what_was_not_synced() -> None:
    files = FakeFiles()
    file = files.open(PATH, create=True)
    file.write(b"one", 0)
    file.sync()
    file.write(b"two", 3)
    files.kill_power()
    assert bytes(files.content(PATH)) == b"one"


def test_failures_on_demand() -> None:
    files = FakeFiles()
    file = files.open(PATH, create=True)
    files.room_bytes = 2
    assert file.write(b"hello", 0) == 2
    with pytest.raises(OSError, match="space"):
        file.write(b"hello", 2)
    files.fail_sync = True
    with pytest.raises(OSError, match="sync"):
        file.sync()
    assert (files.writes, files.syncs) == (2, 1)


def test_cold_files_make_readers_wait() -> None:
    files = FakeFiles()
    file = files.open(PATH, create=True)
    file.write(b"hello", 0)
    assert file.read_resident(5, 0) == b"hello"
    files.cold = True
    assert file.read_resident(5, 0) is None


def test_a_killed_program_holds_no_lock() -> None:
    files = FakeFiles()
    held = files.lock(PATH)
    files.kill_program()
    assert files.lock(PATH)
    assert held
    assert list(files.paths()) == []


def test_disks_are_as_full_as_they_are_told_to_be() -> None:
    files = FakeFiles()
    files.disks[Path("/log")] = DiskUse(95, 5, 100)
    assert files.disk_use(Path("/log/commitlog")).percent == 95
    assert files.disk_use(Path("/logs")).percent == 10


def test_a_stuck_file_cannot_be_removed() -> None:
    files = FakeFiles()
    files.open(PATH, create=True)
    files.stuck.add(PATH)
    with pytest.raises(OSError, match="removed"):
        files.remove(PATH)
    assert list(files.paths()) == [PATH]


def test_files_change_when_the_clock_says() -> None:
    files = FakeFiles()
    files.now_ns = lambda: 5_000
    file = files.open(PATH, create=True)
    file.write(b"1", 0)
    file.write(b"2", 0)
    assert files.modified_ns(PATH) == 5_001
