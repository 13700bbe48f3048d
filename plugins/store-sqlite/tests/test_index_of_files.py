"""The index in SQLite under the store in files: it may lag, it never leads."""

from functools import partial
from pathlib import Path
from shutil import copytree

from twistedmq_sqlite import SqliteIndexFactory

from twistedmq.store.files.store import FileStore
from twistedmq.testing import Told
from twistedmq.testing.contracts import (
    MessageStoreContract,
    StoreCase,
    StoreLifeContract,
)


class FilesWithSqliteIndex(StoreCase):
    def make_store(self, directory: Path) -> FileStore:
        context = self.context(directory)
        context.index = partial(SqliteIndexFactory().open_index, "")
        return FileStore(context)


class TestMessages(FilesWithSqliteIndex, MessageStoreContract):
    pass


class TestLife(FilesWithSqliteIndex, StoreLifeContract):
    def open_small(self, directory: Path) -> FileStore:
        self.changes["segment_bytes"] = 4096
        store: FileStore = self.open(directory)
        write = store._commit_log.append
        room = [5000]

        def append(data: bytes) -> None:
            room[0] -= len(data)
            if room[0] < 0:
                raise OSError("no space left on device")
            write(data)

        store._commit_log.append = append  # type: ignore[method-assign]
        return store

    def test_an_index_that_was_not_told_before_a_crash_is_told_after(
        self, tmp_path: Path
    ) -> None:
        store = self.open(tmp_path / "a")
        places = self.append(store, Told(keys="k"), Told(keys="k")).physical_offsets
        copytree(tmp_path / "a", tmp_path / "b")
        assert self.find(self.open(tmp_path / "b"), "k") == places[::-1]

    def test_an_index_that_leads_is_cut(self, tmp_path: Path) -> None:
        store = self.open(tmp_path / "a")
        kept = self.append(store, Told(keys="k"))
        self.append(store, Told(keys="k"))
        assert len(self.find(store, "k")) == 2
        copytree(tmp_path / "a", tmp_path / "b")
        log = tmp_path / "b" / "commitlog" / f"{0:020d}"
        with log.open("r+b") as file:
            file.seek(kept.end)
            file.write(bytes(500))
        again = self.open(tmp_path / "b")
        assert self.find(again, "k") == kept.physical_offsets
        assert self.append(again, Told(keys="k")).physical_offsets == [kept.end]
        assert self.find(again, "k") == [kept.end, 0]
