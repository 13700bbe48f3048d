from pathlib import Path

import pytest

from twistedmq.config.store import StoreConfig
from twistedmq.protocol.record import BLANK_MAGIC, MAGIC_V1
from twistedmq.store.errors import StoreOpenError
from twistedmq.store.files.foreign import refuse_foreign
from twistedmq.store.files.paths import StorePaths
from twistedmq.store.files.store import FileStore
from twistedmq.store.files_layer import RealFiles
from twistedmq.testing.stores import store_context


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


def put_rocksdb(folder: Path, *, table: bool = False, log: bytes = b"") -> None:
    put(folder / "CURRENT", b"MANIFEST-000005\n")
    put(folder / "MANIFEST-000005", b"x")
    put(folder / "000004.log", log)
    if table:
        put(folder / "000013.sst", b"x")


def picture(root: Path) -> list[tuple[str, bytes, int]]:
    return [
        (str(p), b"" if p.is_dir() else p.read_bytes(), p.stat().st_mtime_ns)
        for p in sorted(root.rglob("*"))
    ]


def test_what_a_genuine_broker_leaves_of_rocksdb_is_fine(paths: StorePaths) -> None:
    """Release 5.4.0 makes this directory whatever its storeType."""
    put(paths.root / "checkpoint")
    put_rocksdb(paths.root / "rocksdbstore")
    put_rocksdb(paths.root / "kvStore")
    look(paths)


ROCKSDB = {
    ".": "it is a RocksDB database",
    "consumequeue": "storeType=defaultRocksDB or rocksdbCQDoubleWriteEnable",
    "consumequeue_r": "storeType=defaultRocksDB",
    "config/topics": "storeType=defaultRocksDB or configManagerVersion=v2",
    "config/metadata": "storeType=defaultRocksDB or configManagerVersion=v2",
    "config/rdb": "storeType=defaultRocksDB or configManagerVersion=v2",
    "rocksdbstore": "transRocksDBEnable, timerRocksDBEnable, indexRocksDBEnable",
    "kvStore": "popConsumerKVServiceEnable",
}


@pytest.mark.parametrize("place", ROCKSDB)
@pytest.mark.parametrize("stopped_in_order", [True, False])
def test_what_is_kept_in_rocksdb_is_left_alone(
    paths: StorePaths, place: str, stopped_in_order: bool
) -> None:
    put(paths.root / ("checkpoint" if stopped_in_order else "abort"), b"x")
    put(paths.commit_log / f"{0:020d}", b"\0\0\1\0" + MAGIC_V1.to_bytes(4))
    put(paths.queues / "T" / "0" / f"{0:020d}", b"x")
    put_rocksdb(
        paths.root / place,
        table=stopped_in_order,
        log=b"" if stopped_in_order else b"x",
    )
    before = picture(paths.root)
    store = FileStore(store_context(paths.root))
    with pytest.raises(StoreOpenError, match="not supported") as raised:
        store.start()
    assert ROCKSDB[place] in str(raised.value)
    assert str(paths.root / place) in str(raised.value)
    assert picture(paths.root) == before


def test_another_program_s_directory_is_refused(paths: StorePaths) -> None:
    put(paths.root / "holiday.jpg")
    with pytest.raises(StoreOpenError, match=r"holiday\.jpg"):
        look(paths)


def test_a_file_is_refused(paths: StorePaths) -> None:
    put(paths.root)
    with pytest.raises(StoreOpenError, match="not a directory"):
        look(paths)


@pytest.mark.parametrize("name", ["dledger-n0", "commitlog/DLedger-n0"])
def test_a_dledger_store_is_left_alone(paths: StorePaths, name: str) -> None:
    put(paths.root / "checkpoint", b"x")
    put(paths.root / name / "data" / f"{0:020d}", b"x")
    before = picture(paths.root)
    store = FileStore(store_context(paths.root))
    with pytest.raises(StoreOpenError, match="is a DLedger store"):
        store.start()
    assert picture(paths.root) == before


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
