from collections.abc import Callable
from pathlib import Path

import pytest

from twistedmq.store.files.open_files import OpenFiles
from twistedmq.store.files_layer import OpenFile, RealFiles


def path_of(folder: Path, key: int) -> Callable[[], Path]:
    return lambda: folder / str(key)


def get(opened: OpenFiles, folder: Path, key: int) -> OpenFile:
    return opened.get(key, path_of(folder, key), 10)


def test_few_stay_open(tmp_path: Path) -> None:
    opened = OpenFiles(RealFiles(), 3)
    for key in range(10):
        assert get(opened, tmp_path, key).size() == 10
    assert len(opened) == 3


def test_the_least_recently_used_is_dropped(tmp_path: Path) -> None:
    opened = OpenFiles(RealFiles(), 2)
    first = get(opened, tmp_path, 1)
    get(opened, tmp_path, 2)
    assert get(opened, tmp_path, 1) is first
    get(opened, tmp_path, 3)
    assert get(opened, tmp_path, 1) is first


def test_a_dropped_file_can_still_be_read(tmp_path: Path) -> None:
    opened = OpenFiles(RealFiles(), 1)
    first = get(opened, tmp_path, 1)
    get(opened, tmp_path, 2)
    opened.drop(2)
    opened.clear()
    assert len(first.read(20, 0)) == 10


def test_a_missing_file_is_made_only_if_asked(tmp_path: Path) -> None:
    opened = OpenFiles(RealFiles(), 1)
    with pytest.raises(FileNotFoundError):
        opened.get(1, path_of(tmp_path, 1))
    assert len(opened) == 0


def test_many_are_dropped_by_their_keys(tmp_path: Path) -> None:
    opened = OpenFiles(RealFiles(), 9)
    for key in range(4):
        get(opened, tmp_path, key)
    opened.drop_where(lambda key: key in {1, 2})
    assert len(opened) == 2


def write(opened: OpenFiles, folder: Path, key: int, data: bytes) -> None:
    opened.write(key, str(folder / str(key)), data, 0)


def test_what_is_written_is_kept_open_while_there_is_room(tmp_path: Path) -> None:
    opened = OpenFiles(RealFiles(), 2)
    for key in range(3):
        (tmp_path / str(key)).write_bytes(b"old")
        write(opened, tmp_path, key, b"new")
        assert (tmp_path / str(key)).read_bytes() == b"new"
    assert len(opened) == 2
    (tmp_path / "0").rename(tmp_path / "there")
    write(opened, tmp_path, 0, b"NEW")  # which is still open
    assert (tmp_path / "there").read_bytes() == b"NEW"


def test_files_that_take_turns_do_not_push_each_other_out(tmp_path: Path) -> None:
    opened = OpenFiles(RealFiles(), 2)
    kept = [get(opened, tmp_path, 0), get(opened, tmp_path, 1)]
    for key in range(2, 9):
        (tmp_path / str(key)).touch()
        write(opened, tmp_path, key, b"new")
    assert [get(opened, tmp_path, 0), get(opened, tmp_path, 1)] == kept


def test_what_is_written_again_and_again_gets_its_place(tmp_path: Path) -> None:
    opened = OpenFiles(RealFiles(), 2)
    first, second = get(opened, tmp_path, 0), get(opened, tmp_path, 1)
    (tmp_path / "2").touch()
    for _ in range(40):
        write(opened, tmp_path, 2, b"new")
    assert get(opened, tmp_path, 1) is second
    assert get(opened, tmp_path, 0) is not first


def test_a_missing_file_is_not_made_by_writing(tmp_path: Path) -> None:
    opened = OpenFiles(RealFiles(), 1)
    with pytest.raises(FileNotFoundError):
        write(opened, tmp_path, 1, b"new")
    get(opened, tmp_path, 2)
    with pytest.raises(FileNotFoundError):
        write(opened, tmp_path, 1, b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["2"]


class RemovedMeanwhile(RealFiles):
    """Files of which another thread removes one just after it was opened."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: OpenFiles | None = None

    def open(self, path: Path, *, create: bool = False) -> OpenFile:
        file = super().open(path, create=create)
        if self.opened is not None:
            path.unlink()
            self.opened.drop_where(lambda key: key == 1)
            self.opened = None
        return file


def test_a_file_that_went_while_it_was_opened_is_not_kept(tmp_path: Path) -> None:
    files = RemovedMeanwhile()
    opened = OpenFiles(files, 2)
    get(opened, tmp_path, 1)
    opened.drop(1)
    files.opened = opened
    with pytest.raises(FileNotFoundError):
        opened.get(1, path_of(tmp_path, 1))
    files.opened = opened
    get(opened, tmp_path, 1).write(b"new", 0)
    assert (tmp_path / "1").read_bytes() == b"new" + bytes(7)
