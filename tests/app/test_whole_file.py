from pathlib import Path

import pytest

from twistedmq.app.whole_file import whole_file


def test_it_comes_to_its_place_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    with whole_file(path) as file:
        file.write(b"half")
        assert path.read_bytes() == b""
        file.write(b" and half")
    assert path.read_bytes() == b"half and half"
    assert [each.name for each in tmp_path.iterdir()] == ["out.json"]


def test_what_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_bytes(b"old")
    with pytest.raises(FileExistsError), whole_file(path):
        raise AssertionError("it must not come to that")
    assert path.read_bytes() == b"old"
    with whole_file(path, replace=True) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("old", [None, b"old"])
def test_what_is_called_off_leaves_nothing(tmp_path: Path, old: bytes | None) -> None:
    path = tmp_path / "out.json"
    if old is not None:
        path.write_bytes(old)

    def write() -> None:
        with whole_file(path, replace=bool(old)) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    left = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    assert left == ({} if old is None else {"out.json": b"old"})


def test_a_link_is_replaced_not_followed(tmp_path: Path) -> None:
    other, path = tmp_path / "other", tmp_path / "out.json"
    other.write_bytes(b"mine")
    path.symlink_to(other)
    with whole_file(path, replace=True) as file:
        file.write(b"new")
    assert (other.read_bytes(), path.read_bytes()) == (b"mine", b"new")
