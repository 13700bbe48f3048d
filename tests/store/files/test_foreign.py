from pathlib import Path

import pytest

from twistedmq.config.store import StoreConfig
from twistedmq.protocol.record import BLANK_MAGIC, MAGIC_V1
from twistedmq.store.errors import StoreOpenError
from twistedmq.store.files.foreign import refuse_foreign
from twistedmq.store.files.layout import Layout
from twistedmq.store.files_layer import RealFiles


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(StoreConfig(root_directory=tmp_path / "store"))


def look(layout: Layout) -> None:
    refuse_foreign(RealFiles(), layout)


def put(path: Path, data: bytes = b"") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def test_nothing_and_an_empty_directory_are_fine(layout: Layout) -> None:
    look(layout)
    layout.root.mkdir()
    look(layout)


def test_what_may_lie_about_is_fine(layout: Layout) -> None:
    put(layout.root / ".hidden")
    put(layout.root / "lost+found" / "x")
    look(layout)


def test_what_a_genuine_broker_leaves_of_rocksdb_is_fine(layout: Layout) -> None:
    """Release 5.4.0 makes this directory whatever its storeType."""
    put(layout.root / "checkpoint")
    put(layout.root / "rocksdbstore" / "CURRENT")
    look(layout)


def test_another_program_s_directory_is_refused(layout: Layout) -> None:
    put(layout.root / "holiday.jpg")
    with pytest.raises(StoreOpenError, match=r"holiday\.jpg"):
        look(layout)


def test_a_file_is_refused(layout: Layout) -> None:
    put(layout.root)
    with pytest.raises(StoreOpenError, match="not a directory"):
        look(layout)


@pytest.mark.parametrize("name", ["consumequeue_r", "dledger-broker-a"])
def test_other_formats_are_refused(layout: Layout, name: str) -> None:
    put(layout.root / name / "x")
    with pytest.raises(StoreOpenError, match="not supported"):
        look(layout)


def test_a_stranger_among_the_log_files_is_refused(layout: Layout) -> None:
    put(layout.commit_log / "notes.txt")
    with pytest.raises(StoreOpenError, match=r"notes\.txt"):
        look(layout)


def test_a_log_that_begins_with_something_else_is_refused(layout: Layout) -> None:
    put(layout.commit_log / f"{0:020d}", b"\x89PNG\r\n\x1a\n" * 9)
    with pytest.raises(StoreOpenError, match="does not begin with a message"):
        look(layout)


@pytest.mark.parametrize("magic", [MAGIC_V1, BLANK_MAGIC])
def test_a_log_that_begins_with_a_record_is_fine(layout: Layout, magic: int) -> None:
    put(layout.commit_log / f"{0:020d}", b"\0\0\1\0" + magic.to_bytes(4, "big"))
    look(layout)


@pytest.mark.parametrize("start", [b"", b"\0" * 64])
def test_a_log_that_begins_with_nothing_is_fine(layout: Layout, start: bytes) -> None:
    put(layout.commit_log / f"{0:020d}", start)
    look(layout)
