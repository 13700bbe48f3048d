"""One SQLite file: a connection that writes, others that read in threads.

The file is in WAL mode. A commit appends to the log of SQLite, which the system has
then; ``sync`` brings that to the disk, as SQLite itself would with synchronous=FULL,
but in a thread and for many commits at a time. ``checkpoint`` moves pages from there
into the file, in a thread as well, while commits go on.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from twistedmq.store.errors import StoreOpenError
from twistedmq.store.files_layer import Files

APPLICATION_ID: Final = 0x544D5151
"""Stands in the head of the file, so that nothing foreign is opened for writing."""
_MAGIC: Final = b"SQLite format 3\0"
_ID_AT: Final = 68
_HEAD_BYTES: Final = 100
_PAGE_BYTES: Final = 4096
_NO_LIMIT: Final = (1 << 32) - 2


class Database:
    """A file with a schema; not opened before ``open``."""

    def __init__(self, files: Files, path: Path, max_bytes: int | None = None) -> None:
        """Remember what to open."""
        self.path = path
        self._files = files
        self._max_bytes = max_bytes
        self._lock: object = None
        self._writing = threading.RLock()
        self._thread = 0
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._writer: sqlite3.Connection | None = None

    # Opening and closing

    def claim(self) -> None:
        """Take the file for this process; nothing in it is changed.

        Raises:
            StoreOpenError: it is another program's, or cannot be written.
        """
        self._thread = threading.get_ident()
        try:
            self._files.make_folder(self.path.parent)
            lock_path = self.path.with_name(f"{self.path.name}.lock")
            lock = self._files.lock(lock_path)
            self._refuse_foreign()
            self._lock = lock
        except BlockingIOError as error:
            problem = f"another broker uses it ({lock_path} is locked)"
            raise StoreOpenError(self.path, problem) from error
        except OSError as error:
            problem = f"it is not writable: {error.strerror or error}"
            raise StoreOpenError(self.path, problem) from error

    def _refuse_foreign(self) -> None:
        if not self._files.size(self.path):
            return
        head = bytes(self._files.open(self.path).read(_HEAD_BYTES, 0))
        if not head.startswith(_MAGIC):
            raise StoreOpenError(self.path, "it is no SQLite file")
        found = int.from_bytes(head[_ID_AT : _ID_AT + 4])
        if found != APPLICATION_ID:
            problem = f"it is a SQLite file of another program (application_id {found})"
            raise StoreOpenError(self.path, problem)
        if not os.access(self.path, os.W_OK):
            raise StoreOpenError(self.path, "it is not writable")

    def open(self, schema: str) -> None:
        """Open for writing and make what *schema* names; may run in a thread.

        Raises: StoreOpenError.
        """
        try:
            writer = self._connect()
            self._writer = writer
            writer.execute(f"PRAGMA page_size={_PAGE_BYTES}")
            if not writer.execute("PRAGMA application_id").fetchone()[0]:
                writer.execute(f"PRAGMA application_id={APPLICATION_ID}")
            mode = writer.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            if mode != "wal":
                raise StoreOpenError(self.path, f"no WAL can be kept there ({mode})")
            self.limit(self._max_bytes)
            with self.transaction() as connection:
                for statement in filter(str.strip, schema.split(";")):
                    connection.execute(statement)
                connection.execute("CREATE TABLE IF NOT EXISTS opened(pid INTEGER)")
                connection.execute("DELETE FROM opened")
                connection.execute("INSERT INTO opened VALUES(?)", (os.getpid(),))
            self._pragma_checkpoint(writer, "TRUNCATE")
            self._files.sync_folder(self.path.parent)
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise StoreOpenError(self.path, str(error)) from error

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=0, isolation_level=None, check_same_thread=False
        )
        self._all.append(connection)
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("PRAGMA cache_size=-8192")
        return connection

    def limit(self, max_bytes: int | None) -> None:
        """Have the file stay shorter than *max_bytes*."""
        pages = _NO_LIMIT if max_bytes is None else max(max_bytes // _PAGE_BYTES, 1)
        assert self._writer is not None
        self._writer.execute(f"PRAGMA max_page_count={pages}")
        self._max_bytes = max_bytes

    def close(self) -> None:
        """Close every connection, the one that writes last: that one tidies up."""
        while self._all:
            connection = self._all.pop()
            with suppress(sqlite3.Error):
                connection.close()
        self._writer = None
        self._lock = None

    # Using

    @property
    def in_thread(self) -> bool:
        """Whether the caller is not the thread that claimed the file."""
        return threading.get_ident() != self._thread

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection that writes; in a thread, one that reads."""
        if self.in_thread and self._thread:
            mine: sqlite3.Connection | None = getattr(self._local, "reader", None)
            if mine is None:
                mine = self._local.reader = self._connect()
                mine.execute("PRAGMA query_only=1")
            return mine
        assert self._writer is not None
        return self._writer

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write all or nothing.

        Raises: sqlite3.Error, and then nothing was written.
        """
        writer = self._writer
        assert writer is not None
        with self._writing:
            writer.execute("BEGIN IMMEDIATE")
            try:
                yield writer
                writer.execute("COMMIT")
            except BaseException:
                if writer.in_transaction:
                    writer.execute("ROLLBACK")
                raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Have all reads of this thread see one state of the file."""
        if not self.in_thread:
            yield
            return
        connection = self.connection
        connection.execute("BEGIN")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")

    @property
    def log_path(self) -> Path:
        """The log of SQLite beside the file."""
        return self.path.with_name(f"{self.path.name}-wal")

    def sync(self) -> None:
        """Return when every commit so far is on the disk.

        Raises: OSError.
        """
        if self._files.size(self.log_path) is not None:
            self._files.open(self.log_path).sync()

    def checkpoint(self) -> tuple[int, int]:
        """Move pages into the file while commits go on; in a thread.

        Gives the bytes in the log, and how many of them are in the file as well: when
        these are all, the next commit begins the log anew.

        Raises: OSError.
        """
        return self._pragma_checkpoint(self.connection, "PASSIVE")

    def restart_log(self) -> None:
        """Move the rest, and begin the log anew; commits wait for that.

        Raises: OSError.
        """
        self._pragma_checkpoint(self.connection, "RESTART")

    def move_all(self) -> None:
        """Have everything in the file and synced there, and nothing in the log.

        Raises: OSError.
        """
        size, _ = self._pragma_checkpoint(self.connection, "TRUNCATE")
        if size:
            raise OSError(f"{self.path}: its log is in use")

    def _pragma_checkpoint(
        self, connection: sqlite3.Connection, mode: str
    ) -> tuple[int, int]:
        try:
            row = connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        except sqlite3.Error as error:
            raise OSError(f"{self.path}: {error}") from error
        return max(row[1], 0) * _PAGE_BYTES, max(row[2], 0) * _PAGE_BYTES

    def used_ratio(self) -> float:
        """Give how full the file is that may not grow, or else the disk."""
        if self._max_bytes is None:
            return self._files.disk_use(self.path.parent).ratio
        free, pages = (
            self.connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("freelist_count", "page_count")
        )
        used: int = (pages - free) * _PAGE_BYTES
        return min(used / self._max_bytes, 1.0)
