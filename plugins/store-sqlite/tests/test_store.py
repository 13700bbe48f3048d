"""The contracts of the doors, over SQLite, and what only this store has."""

import sqlite3
from functools import partial
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twistedmq_sqlite import SqliteIndexFactory
from twistedmq_sqlite.recent import RecentEntries
from twistedmq_sqlite.store import SqliteStore

from twistedmq.config.store import FlushMode
from twistedmq.store.files.store import FileStore
from twistedmq.store.interfaces import StoreFullError
from twistedmq.testing import HeldWorkers, Told
from twistedmq.testing.contracts import (
    MessageStoreContract,
    ReplicableLogContract,
    StoreCase,
    StoreLifeContract,
    records_of,
    value_of,
)


class OverSqlite(StoreCase):
    def make_store(self, directory: Path) -> SqliteStore:
        return SqliteStore(self.context(directory), directory / "messages.db")


class TestSqliteStore(OverSqlite, MessageStoreContract):
    pass


class TestLifeOfSqlite(OverSqlite, StoreLifeContract):
    def open_small(self, directory: Path) -> SqliteStore:
        store = SqliteStore(self.context(directory), directory / "m.db", 100_000)
        store.start()
        value_of(store.ready)
        return store

    def make_room(self, store: Any) -> bool:
        store._database.limit(None)
        return True


class TestReplicableSqlite(OverSqlite, ReplicableLogContract):
    pass


def at_once(store: SqliteStore) -> SqliteStore:
    store.start()
    value_of(store.ready)
    return store


def hits(store: SqliteStore, key: str) -> list[int]:
    return value_of(store.query("Orders", key, 32, 0, 1 << 60, "")).physical_offsets


class TestWhatIsItsOwn(OverSqlite):
    def test_old_messages_are_read_in_a_thread(self, tmp_path: Path) -> None:
        held = self.workers = HeldWorkers()
        store = self.make_store(tmp_path)
        store._recent = RecentEntries(most_entries=5)
        store.start()
        held.go_on_all()
        for n in range(20):
            self.append(store, Told(body=b"%d" % n * 10))
        assert self.read(store, 15).count == 5
        old = store.read_queue("Orders", 0, 3, 9, 9999, None, None)
        assert isinstance(old, Deferred)
        place = store.entries("Orders", 0, 2, 1)[0].physical_offset
        record = store.record_at(place)
        data = store.log_read(place, 10)
        assert isinstance(record, Deferred)
        held.go_on_all()
        found = records_of(value_of(old).records)
        assert [r.queue_offset for r in found] == list(range(3, 12))
        whole = bytes(value_of(record) or b"")
        assert b"2222" in whole
        assert bytes(value_of(data)) == whole[:10]
        store.stop()
        held.go_on_all()

    def test_a_locked_file_refuses_messages_for_as_long_as_it_is(
        self, tmp_path: Path
    ) -> None:
        store = self.open(tmp_path)
        self.append(store, Told())
        other = sqlite3.connect(tmp_path / "messages.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreFullError, match=r"messages\.db: database is locked"):
            self.append(store, Told(), Told("New"))
        assert store.queues() == [("Orders", 0)]
        assert self.read(store, 0).count == 1
        with pytest.raises(StoreFullError):
            store.delete_topic("Orders")
        assert self.read(store, 0).count == 1
        other.execute("ROLLBACK")
        other.close()
        assert self.append(store, Told(), Told("New")).queue_offsets == [1, 0]

    def test_a_failed_sync_is_never_an_acknowledgement(self, tmp_path: Path) -> None:
        self.changes["flush_mode"] = FlushMode.SYNC
        store = self.open(tmp_path)

        def broken() -> None:
            raise OSError("the disk is gone")

        store._database.sync = broken
        waiting = store.safe(self.append(store, Told()).end)
        assert waiting is not None
        with pytest.raises(StoreFullError, match="the disk is gone"):
            value_of(waiting)
        with pytest.raises(StoreFullError, match="the disk is gone"):
            self.append(store, Told())
        assert self.read(store, 0).count == 1
        self.clock.advance(5)
        assert (tmp_path / "messages.db-wal").stat().st_size == 0
        del store._database.sync
        end = self.append(store, Told()).end
        waiting = store.safe(end)
        assert waiting is not None
        assert value_of(waiting) is store.durability
        assert store.status()["flushed_offset"] == end

    def test_what_the_index_lacks_is_put_at_the_start(self, tmp_path: Path) -> None:
        store = self.open(tmp_path / "a")
        places = [self.append(store, Told(keys="k")).end for _ in range(3)]
        self.clock.advance(1)
        late = self.append(store, Told(keys="k"), Told(keys="late"))
        copytree(tmp_path / "a", tmp_path / "b")  # before the index was told
        again = self.open(tmp_path / "b")
        assert hits(again, "late") == late.physical_offsets[1:]
        assert hits(again, "k") == [places[2], places[1], places[0], 0]

    def test_another_index_can_be_used(self, tmp_path: Path) -> None:
        def opened() -> SqliteStore:
            context = self.context(tmp_path)
            context.index = partial(SqliteIndexFactory().open_index, "path=" + path)
            return at_once(SqliteStore(context, tmp_path / "messages.db"))

        path = str(tmp_path / "keys.db")
        store = opened()
        self.append(store, Told(keys="k"))
        assert hits(store, "k") == [0]
        value_of(store.stop())
        tables = sqlite3.connect(path).execute("SELECT count(*) FROM keys").fetchone()
        assert tables == (1,)
        store = opened()
        assert hits(store, "k") == [0]
        store.log_truncate(0)
        assert hits(store, "k") == []
        value_of(store.stop())

    def test_entries_of_deleted_topics_are_swept(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        self.append(store, *(Told("Gone", n % 3) for n in range(3000)))
        self.append(store, Told("Kept"))
        store.delete_topic("Gone")
        assert store.queues() == [("Kept", 0)]
        self.append(store, Told("Gone"))
        self.clock.pump([0.06] * 9)
        left = store._database.connection.execute("SELECT count(*) FROM entries")
        assert left.fetchone() == (2,)
        assert self.read(store, 0, topic="Gone").count == 1

    def test_the_log_of_sqlite_does_not_grow_for_ever(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        largest = 0
        for _ in range(30):
            self.append(store, *(Told(body=b"x" * 30_000) for _ in range(40)))
            self.clock.advance(1)
            largest = max(largest, (tmp_path / "messages.db-wal").stat().st_size)
        assert store.status()["max_offset"] > 36_000_000
        assert largest < 24_000_000
        assert store.status()["flushed_offset"] == store.status()["max_offset"]

    def test_a_master_with_files_is_followed(self, tmp_path: Path) -> None:
        master = FileStore(self.context(tmp_path / "master"))
        master.start()
        store = self.open(tmp_path / "slave")
        self.append(master, *(Told(queue_id=n % 4, keys=f"k{n}") for n in range(50)))
        end = master.log_bounds()[1]
        for at in range(0, end, 777):
            piece = value_of(master.log_read(at, min(777, end - at)))
            store.log_write(at, bytes(piece))
        assert bytes(value_of(store.log_read(0, end))) == bytes(
            value_of(master.log_read(0, end))
        )
        assert store.queue_bounds("Orders", 3) == (0, 12)
        assert (
            hits(store, "k7")
            == value_of(
                master.query("Orders", "k7", 9, 0, 1 << 60, "")
            ).physical_offsets
        )
