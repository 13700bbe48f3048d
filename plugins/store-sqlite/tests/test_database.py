import sqlite3
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from twistedmq_sqlite.database import Database

from twistedmq.store.errors import StoreOpenError
from twistedmq.store.files_layer import RealFiles

SCHEMA = "CREATE TABLE IF NOT EXISTS t(n INTEGER)"


def opened(path: Path, max_bytes: int | None = None) -> Database:
    database = Database(RealFiles(), path, max_bytes)
    database.claim()
    database.open(SCHEMA)
    return database


def insert(database: Database, n: int) -> None:
    with database.transaction() as connection:
        connection.execute("INSERT INTO t VALUES(?)", (n,))


def count(database: Database) -> int:
    number: int = database.connection.execute("SELECT count(*) FROM t").fetchone()[0]
    return number


def in_a_thread(work: Any) -> Any:
    results: list[Any] = []
    thread = Thread(target=lambda: results.append(work()))
    thread.start()
    thread.join()
    return results[0]


def test_what_is_no_sqlite_file_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    path.write_bytes(b"dear diary" * 100)
    with pytest.raises(StoreOpenError, match=r"m\.db .*no SQLite file"):
        Database(RealFiles(), path).claim()
    assert path.read_bytes() == b"dear diary" * 100


def test_the_file_of_another_program_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine(n)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreOpenError, match="of another program"):
        Database(RealFiles(), path).claim()
    assert path.read_bytes() == before
    path.unlink()
    opened(path).close()  # the refusal has let go of the lock


def test_a_locked_file_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    opened(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreOpenError, match="locked"):
        opened(path)
    other.execute("ROLLBACK")
    other.close()
    opened(path).close()


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    database = opened(tmp_path / "m.db")

    def fail() -> None:
        with database.transaction() as connection:
            connection.execute("INSERT INTO t VALUES(1)")
            connection.execute("INSERT INTO nowhere VALUES(1)")

    with pytest.raises(sqlite3.OperationalError):
        fail()
    assert count(database) == 0
    insert(database, 1)
    assert count(database) == 1
    database.close()


def test_threads_read_what_was_committed(tmp_path: Path) -> None:
    database = opened(tmp_path / "m.db")
    insert(database, 1)
    assert in_a_thread(lambda: count(database)) == 1

    def twice() -> tuple[int, int]:
        with database.snapshot():
            first = count(database)
            with database._writing:
                database._writer.execute("INSERT INTO t VALUES(2)")  # type: ignore[union-attr]
            return first, count(database)

    assert in_a_thread(twice) == (1, 1)
    assert in_a_thread(lambda: count(database)) == 2
    database.close()


def test_a_thread_cannot_write_through_its_connection(tmp_path: Path) -> None:
    database = opened(tmp_path / "m.db")

    def write() -> str:
        try:
            database.connection.execute("INSERT INTO t VALUES(1)")
        except sqlite3.OperationalError as error:
            return str(error)
        return ""

    assert "readonly" in in_a_thread(write)
    database.close()


def test_the_log_begins_anew_after_a_checkpoint(tmp_path: Path) -> None:
    database = opened(tmp_path / "m.db")
    insert(database, 1)
    size, moved = in_a_thread(database.checkpoint)
    assert size == moved > 0
    for n in range(3):
        insert(database, n)
    size, _ = in_a_thread(database.checkpoint)
    insert(database, 4)
    assert in_a_thread(database.checkpoint)[0] < size
    database.restart_log()
    database.sync()
    assert count(database) == 5
    database.close()
