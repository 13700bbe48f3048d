"""An index of keys as a table: in a file of its own, or in that of the store."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from twisted.logger import Logger
from zope.interface import implementer

from twistedmq.store.context import StoreContext
from twistedmq.store.index_interfaces import IIndexStrategy, IndexHits, IndexItem
from twistedmq.store.index_keys import find_key, keys_of
from twistedmq_sqlite.database import Database

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS keys(
    key TEXT, physical_offset INTEGER, store_ms INTEGER,
    PRIMARY KEY(key, physical_offset)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS indexed(
    physical_offset INTEGER, store_ms INTEGER);
CREATE INDEX IF NOT EXISTS key_places ON keys(physical_offset);
"""
_MOST: Final = (1 << 63) - 1
_SLICE: Final = 1000


def open_index(
    context: StoreContext, path: Path, max_bytes: int | None
) -> "SqliteIndex":
    """Open an index in a file of its own.

    Raises: StoreOpenError.
    """
    database = Database(context.files, path, max_bytes)
    database.claim()
    database.open(SCHEMA)
    return SqliteIndex(database, context.config.value.index_query_limit, owns=True)


@implementer(IIndexStrategy)
class SqliteIndex:
    """Every put is a transaction; hits hold no other keys.

    What a full or locked file does not take waits in memory, and is tried again with
    the next put and by ``flush``.
    """

    _log = Logger()

    def __init__(
        self, database: Database, query_limit: int, *, owns: bool = False
    ) -> None:
        """Use *database*, which has the schema; *owns* says to sync and close it."""
        self._database = database
        self._query_limit = query_limit
        self._owns = owns
        row = database.connection.execute(
            "SELECT physical_offset, store_ms FROM indexed"
        ).fetchone()
        self._last: tuple[int, int] = row or (-1, 0)
        self._waiting: list[IndexItem] = []
        self._complained = False

    def put(self, items: Sequence[IndexItem]) -> None:
        """Add the keys of *items*."""
        self._waiting += items
        try:
            self._put_waiting()
        except sqlite3.Error as error:
            if not self._complained:
                self._complained = True
                self._log.error(
                    "the index {path} cannot be written: {problem}",
                    path=str(self._database.path),
                    problem=str(error),
                )

    def _put_waiting(self) -> None:
        items, self._waiting = self._waiting, []
        known = self._last[0]
        rows = [
            (key, item.physical_offset, item.store_ms)
            for item in items
            if item.physical_offset > known
            for key in keys_of(item)
        ]
        if not rows:
            return
        last = items[-1].physical_offset, items[-1].store_ms
        try:
            with self._database.transaction() as connection:
                connection.executemany("INSERT OR IGNORE INTO keys VALUES(?,?,?)", rows)
                self._mark(connection, last)
        except BaseException:
            self._waiting = [*items, *self._waiting]
            raise
        self._last = last
        self._complained = False

    def _mark(self, connection: sqlite3.Connection, last: tuple[int, int]) -> None:
        connection.execute("DELETE FROM indexed")
        connection.execute("INSERT INTO indexed VALUES(?,?)", last)

    def find(
        self,
        topic: str,
        key: str,
        max_count: int,
        begin_ms: int,
        end_ms: int,
        index_type: str,
    ) -> IndexHits:
        """Find by key."""
        rows = self._database.connection.execute(
            "SELECT physical_offset FROM keys WHERE key=? AND store_ms BETWEEN ? AND ? "
            "ORDER BY physical_offset DESC LIMIT ?",
            (
                find_key(topic, key, index_type),
                max(begin_ms, 0),
                min(end_ms, _MOST),
                min(max_count, self._query_limit),
            ),
        )
        offset, store_ms = self._last
        return IndexHits([row[0] for row in rows], store_ms, max(offset, 0))

    def indexed_offset(self) -> int:
        """Give the offset of the last record put; -1 if there is none."""
        return self._last[0]

    def flush(self) -> None:
        """Sync what was put, and move it from the log of SQLite into the file."""
        try:
            self._put_waiting()
        except sqlite3.Error as error:
            raise OSError(f"{self._database.path}: {error}") from error
        if self._owns:
            self._database.sync()
            self._database.checkpoint()

    def truncate(self, physical_offset: int) -> None:
        """Forget items at or behind *physical_offset*."""
        self._waiting = [
            i for i in self._waiting if i.physical_offset < physical_offset
        ]
        with self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM keys WHERE physical_offset>=?", (physical_offset,)
            )
            row = connection.execute(
                "SELECT physical_offset, store_ms FROM keys "
                "ORDER BY physical_offset DESC LIMIT 1"
            ).fetchone()
            last = row or (-1, 0)
            self._mark(connection, last)
        self._last = last

    def expire(self, physical_offset: int) -> None:
        """Forget items before *physical_offset*, some at a time."""
        gone = _SLICE
        try:
            while gone == _SLICE:
                gone = self._expire_some(physical_offset)
        except sqlite3.Error as error:
            raise OSError(f"{self._database.path}: {error}") from error

    def _expire_some(self, physical_offset: int) -> int:
        with self._database.transaction() as connection:
            return connection.execute(
                "DELETE FROM keys WHERE (key, physical_offset) IN (SELECT key, "
                "physical_offset FROM keys WHERE physical_offset<? LIMIT ?)",
                (physical_offset, _SLICE),
            ).rowcount

    def close(self) -> None:
        """Flush and close."""
        try:
            self.flush()
        finally:
            if self._owns:
                self._database.close()
