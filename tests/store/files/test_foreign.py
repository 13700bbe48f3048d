from pathlib import Path

import pytest

from twistedmq.config.store import StoreConfig
from twistedmq.protocol.record import BLANK_MAGIC, MAGIC_V1
from twistedmq.store.errors import StoreOpenError
from twistedmq.store.files.foreign import refuse_foreign
from twistedmq.store.files.paths import StorePaths
from twistedmq.store.files_layer import RealFiles


@pytest.fixture
def paths(tmp_path: Path) -> StorePaths:
    return StorePaths(StoreConfig(root_directory=tmp_path / "store"))


def look(paths: StorePaths) -> None:
    refuse_foreign(RealFiles(), paths)


def put(path: Path, data: bytes = b"") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def test_nothing_and_an_empty_directory_are_fine(paths: StorePaths) -> None:
    look(paths)
    paths.root.mkdir()
    look(paths)


def test_what_may_lie_about_is_fine(paths: StorePaths) -> None:
    put(paths.root / ".hidden")
    put(paths.root / "lost+found" / "x")
    look(paths)


def test_what_a_genuine_broker_leaves_of_rocksdb_is_fine(paths: StorePaths) -> None:
    """Release 5.4.0 makes this directory whatever its storeType."""
    put(paths.root / "checkpoint")
    put(paths.root / "rocksdbstore" / "CURRENT")
    look(paths)


def test_another_program_s_directory_is_refused(paths: StorePaths) -> None:
    put(paths.root / "holiday.jpg")
    with pytest.raises(StoreOpenError, match=r"holiday\.jpg"):
        look(paths)


def test_a_file_is_refused(paths: StorePaths) -> None:
    put(paths.root)
    with pytest.raises(StoreOpenError, match="not a directory"):
        look(paths)


@pytest.mark.parametrize("name", ["consumequeue_r", "dledger-broker-a"])
def test_other_formats_are_refused(paths: StorePaths, name: str) -> None:
    put(paths.root / name / "x")
    with pytest.raises(StoreOpenError, match="not supported"):
        look(paths)


def test_a_stranger_among_the_log_files_is_refused(paths: StorePaths) -> None:
    put(paths.commit_log / "notes.txt")
    with pytest.raises(StoreOpenError, match=r"notes\.txt"):
        look(paths)


def test_a_log_that_begins_with_something_else_is_refused(paths: StorePaths) -> None:
    put(paths.commit_log / f"{0:020d}", b"\x89PNG\r\n\x1a\n" * 9)
    with pytest.raises(StoreOpenError, match="does not begin with a message"):
        look(paths)


@pytest.mark.parametrize("magic", [MAGIC_V1, BLANK_MAGIC])
def test_a_log_that_begins_with_a_record_is_fine(paths: StorePaths, magic: int) -> None:
    put(paths.commit_log / f"{0:020d}", b"\0\0\1\0" + magic.to_bytes(4, "big"))
    look(paths)


@pytest.mark.parametrize("start", [b"", b"\0" * 64])
def test_a_log_that_begins_with_nothing_is_fine(
    paths: StorePaths, start: bytes
) -> None:
    put(paths.commit_log / f"{0:020d}", start)
    look(paths)
