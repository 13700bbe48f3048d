import errno
import os
from pathlib import Path

import pytest

from twistedmq.store.files_layer import RealFiles, write_all
from twistedmq.store.platform import Capabilities
from twistedmq.testing.fake_files import FakeFiles

KINDS = {
    "detected": RealFiles,
    "ordinary": lambda: RealFiles(Capabilities.ordinary()),
    "fake": FakeFiles,
}


@pytest.fixture(params=KINDS)
def files(request: pytest.FixtureRequest) -> RealFiles:
    return KINDS[request.param]()  # type: ignore[no-any-return, no-untyped-call]


def test_what_is_written_is_read(files: RealFiles, tmp_path: Path) -> None:
    file = files.open(tmp_path / "new" / "file", create=True)
    assert file.write(b"hello", 10) == 5
    assert bytes(file.read(100, 8)) == b"\0\0hello"
    assert bytes(file.read_resident(5, 10) or b"hello") == b"hello"
    assert file.size() == 15
    file.sync()
    file.resize(12)
    assert bytes(file.read(100, 8)) == b"\0\0he"
    file.resize(20)
    assert bytes(file.read(100, 10)) == b"he" + bytes(8)


def test_a_file_is_written_without_being_kept(files: RealFiles, tmp_path: Path) -> None:
    file = files.open(tmp_path / "file", create=True)
    file.write(b"hello", 0)
    files.write_at(str(tmp_path / "file"), b"LL", 2)
    files.write_at(str(tmp_path / "file"), b"!", 7)
    assert bytes(file.read(100, 0)) == b"heLLo\0\0!"


def test_a_missing_file_is_not_made_by_itself(files: RealFiles, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.open(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        files.write_at(str(tmp_path / "none"), b"a", 0)
    assert files.size(tmp_path / "none") is None
    assert list(files.list(tmp_path / "none")) == []


def test_names(files: RealFiles, tmp_path: Path) -> None:
    files.open(tmp_path / "a" / "b", create=True).write(b"1", 0)
    files.make_folder(tmp_path / "c")
    assert list(files.list(tmp_path)) == ["a", "c"]
    assert files.is_folder(tmp_path / "a")
    assert not files.is_folder(tmp_path / "a" / "b")
    assert files.modified_ns(tmp_path / "a" / "b") > 0
    files.rename(tmp_path / "a" / "b", tmp_path / "c" / "d")
    assert files.size(tmp_path / "c" / "d") == 1
    files.sync_folder(tmp_path / "c")
    files.remove(tmp_path / "c")
    files.remove(tmp_path / "c")
    assert list(files.list(tmp_path)) == ["a"]


def test_a_folder_is_renamed_with_what_is_in_it(
    files: RealFiles, tmp_path: Path
) -> None:
    files.open(tmp_path / "a" / "0" / "f", create=True).write(b"1", 0)
    files.rename(tmp_path / "a", tmp_path / "b")
    assert list(files.list(tmp_path)) == ["b"]
    assert files.size(tmp_path / "b" / "0" / "f") == 1


def test_a_lock_is_held_until_it_is_let_go(files: RealFiles, tmp_path: Path) -> None:
    held = files.lock(tmp_path / "lock")
    with pytest.raises(BlockingIOError):
        files.lock(tmp_path / "lock")
    del held
    assert files.lock(tmp_path / "lock")


def test_the_disk_is_used_to_some_part(files: RealFiles, tmp_path: Path) -> None:
    use = files.disk_use(tmp_path / "not" / "there")
    assert 0 < use.used_bytes + use.free_bytes <= use.total_bytes
    assert 0 <= use.ratio <= 1


def test_a_short_write_is_gone_on_with() -> None:
    files = FakeFiles()
    file = files.open(Path("/f"), create=True)
    files.room_bytes = 3
    with pytest.raises(OSError, match="space") as caught:
        write_all(file, b"hello", 0)
    assert caught.value.errno == errno.ENOSPC
    assert bytes(file.read(9, 0)) == b"hel"


def test_a_short_write_to_a_file_that_is_not_kept_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    write = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: write(fd, data[:2], at))
    RealFiles(Capabilities.detect()).write_at(str(path), b"hello", 1)
    assert path.read_bytes() == b"\0hello"


def test_files_for_reading_only_are_never_made_or_written(tmp_path: Path) -> None:
    files = RealFiles(read_only=True)
    with pytest.raises(FileNotFoundError):
        files.open(tmp_path / "new", create=True)
    assert not (tmp_path / "new").exists()
    (tmp_path / "old").write_bytes(b"abc")
    file = files.open(tmp_path / "old")
    assert bytes(file.read(3, 0)) == b"abc"
    with pytest.raises(OSError, match="Bad file descriptor"):
        file.write(b"x", 0)
    with pytest.raises(OSError, match=r"Bad file descriptor.*old"):
        files.write_at(str(tmp_path / "old"), b"x", 0)


def test_reading_ahead_is_a_hint_that_changes_nothing_read(
    files: RealFiles, tmp_path: Path
) -> None:
    file = files.open(tmp_path / "a", create=True)
    file.write(b"abc", 0)
    for wanted in (False, False, True):
        file.read_ahead(wanted)
        assert bytes(file.read(3, 0)) == b"abc"
