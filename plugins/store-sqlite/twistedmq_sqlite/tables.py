"""What the store keeps in its tables: statements, and what they read and write."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from twistedmq.store.log_scan import queues_of, scan
from twistedmq.store.queue_state import ENTRY, FILLER_SIZE, QueueState, QueueTable
from twistedmq_sqlite import index
from twistedmq_sqlite.database import Database

SCHEMA: Final = (
    """
CREATE TABLE IF NOT EXISTS log(physical_offset INTEGER PRIMARY KEY, record BLOB);
CREATE TABLE IF NOT EXISTS queues(
    id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT, queue_id INTEGER,
    min_offset INTEGER, is_deleted INTEGER);
CREATE TABLE IF NOT EXISTS entries(
    queue INTEGER, queue_offset INTEGER, physical_offset INTEGER, size INTEGER,
    tags_code INTEGER, PRIMARY KEY(queue, queue_offset)) WITHOUT ROWID;
"""
    + index.SCHEMA
)

_FIRST: Final = "SELECT physical_offset FROM log ORDER BY physical_offset LIMIT 1"
_LAST: Final = (
    "SELECT physical_offset, length(record), record FROM log "
    "ORDER BY physical_offset DESC LIMIT 1"
)
_QUEUES: Final = """
SELECT id, topic, queue_id,
    max(min_offset, coalesce((SELECT queue_offset FROM entries WHERE queue=id
        ORDER BY queue_offset LIMIT 1), min_offset)),
    max(min_offset, coalesce((SELECT queue_offset + 1 FROM entries WHERE queue=id
        ORDER BY queue_offset DESC LIMIT 1), min_offset))
FROM queues WHERE NOT is_deleted"""
_ENTRIES: Final = (
    "SELECT queue_offset, physical_offset, size, tags_code FROM entries "
    "WHERE queue=? AND queue_offset>=? ORDER BY queue_offset LIMIT ?"
)
_PIECE: Final = (
    "SELECT physical_offset, record FROM log WHERE physical_offset>=coalesce("
    "(SELECT max(physical_offset) FROM log WHERE physical_offset<=?1), ?1) "
    "AND physical_offset<?2 ORDER BY physical_offset"
)
_ROWS: Final = (
    "SELECT record FROM log WHERE physical_offset>=? AND physical_offset<? "
    "ORDER BY physical_offset"
)
_OLDEST: Final = (
    "SELECT physical_offset, record FROM log ORDER BY physical_offset LIMIT ?"
)
_SET_MIN: Final = "UPDATE queues SET min_offset=max(min_offset, ?) WHERE id=?"
_NO_END: Final = 1 << 62
_BEHIND: Final = (
    "SELECT physical_offset, record FROM log WHERE physical_offset>? "
    "ORDER BY physical_offset LIMIT ?"
)


Entries = Sequence[tuple[QueueState, int, int, int, int]]
"""Each with its queue, its queue offset, and what an entry holds."""


class Tables:
    """The log and the queues.

    What reads may run in a thread; what writes runs in the thread of the reactor.
    """

    def __init__(self, database: Database) -> None:
        """Use *database*, opened with SCHEMA."""
        self._database = database
        self._ids: dict[QueueState, int] = {}

    # Reading

    def bounds(self) -> tuple[int, int]:
        """Give the log's (min, max) physical offset."""
        connection = self._database.connection
        first, last = connection.execute(_FIRST).fetchone(), self.last_record()
        return (first[0], last[0] + len(last[1])) if first and last else (0, 0)

    def last_record(self) -> tuple[int, bytes] | None:
        """Give the last record and where it begins."""
        row = self._database.connection.execute(_LAST).fetchone()
        return (row[0], row[2]) if row else None

    def load_queues(self, queues: QueueTable) -> None:
        """Fill *queues* with those that are kept."""
        for number, topic, queue_id, low, high in self._database.connection.execute(
            _QUEUES
        ):
            state = queues[topic, queue_id]
            state.next_offset = state.written_offset = high
            state.min_offset = low
            self._ids[state] = number

    def packed(self, state: QueueState, offset: int, count: int) -> bytes:
        """Give packed entries of a queue from *offset* on."""
        number = self._ids.get(state, -1)
        rows = self._database.connection.execute(_ENTRIES, (number, offset, count))
        found = bytearray()
        expected = offset
        for queue_offset, *entry in rows:
            if expected == offset != queue_offset:
                break
            found += ENTRY.pack(0, FILLER_SIZE, 0) * (queue_offset - expected)
            found += ENTRY.pack(*entry)
            expected = queue_offset + 1
        return bytes(found)

    def piece(self, size: int, offset: int) -> bytes:
        """Give *size* bytes of the log from *offset* on; fewer where it ends."""
        rows = self._database.connection.execute(
            _PIECE, (offset, offset + size)
        ).fetchall()
        if not rows:
            return b""
        found = b"".join([record for _, record in rows])
        skipped = offset - rows[0][0]
        return found[skipped : skipped + size]

    def rows(self, start: int, end: int) -> bytes:
        """Give the records from *start*, where one begins, to *end*."""
        rows = self._database.connection.execute(_ROWS, (start, end))
        return b"".join([row[0] for row in rows])

    def records_behind(self, offset: int, count: int) -> list[tuple[int, bytes]]:
        """Give up to *count* records that begin behind *offset*, with their places."""
        connection = self._database.connection
        return connection.execute(_BEHIND, (offset, count)).fetchall()

    # Writing: all of a call or nothing; sqlite3.Error in the second case

    def add(self, records: Sequence[tuple[int, bytes]], entries: Entries) -> None:
        """Add *records* with their places, and the *entries* of queues."""
        ids = self._ids
        new = {state for state, *_ in entries} - ids.keys()
        try:
            with self._database.transaction() as connection:
                for state in new:
                    ids[state] = _new_queue(connection, state)
                connection.executemany("INSERT INTO log VALUES(?,?)", records)
                connection.executemany(
                    "INSERT OR REPLACE INTO entries VALUES(?,?,?,?,?)",
                    [(ids[state], *fields) for state, *fields in entries],
                )
        except BaseException:
            for state in new:
                ids.pop(state, None)
            raise

    def delete_queues(self, states: Sequence[QueueState]) -> None:
        """Have queues gone; their entries are swept later."""
        with self._database.transaction() as connection:
            connection.executemany(
                "UPDATE queues SET is_deleted=1 WHERE id=?",
                [(self._ids[state],) for state in states if state in self._ids],
            )
        for state in states:
            self._ids.pop(state, None)

    def sweep(self, count: int) -> bool:
        """Remove up to *count* entries of deleted queues; gives whether there may be
        more.
        """
        connection = self._database.connection
        row = connection.execute(
            "SELECT id FROM queues WHERE is_deleted LIMIT 1"
        ).fetchone()
        if row is None:
            return False
        with self._database.transaction():
            swept = connection.execute(
                "DELETE FROM entries WHERE queue=?1 AND queue_offset IN ("
                "SELECT queue_offset FROM entries WHERE queue=?1 LIMIT ?2)",
                (row[0], count),
            ).rowcount
            if swept < count:
                connection.execute("DELETE FROM queues WHERE id=?", row)
        return True

    def expire(
        self, expired_ms: int, count: int, queues: QueueTable
    ) -> tuple[int | None, bool]:
        """Remove up to *count* records from the beginning, stored by *expired_ms*.

        The last one of all stays: it says where the log ends. Gives where the log
        begins now, None if nothing was removed, and whether there may be more.
        """
        connection = self._database.connection
        rows = connection.execute(_OLDEST, (count + 1,)).fetchall()
        begin: int | None = None
        touched: set[tuple[str, int]] = set()
        left = len(rows) - 1
        for place, record in rows[:-1]:
            found = scan(memoryview(record), place, _NO_END, check_crc=False).records
            if found and found[0].store_ms > expired_ms:
                break
            begin = place + len(record)
            for logged in found:
                touched |= {queue[:2] for queue in queues_of(logged, True)}
            left -= 1
        if begin is not None:
            self._begin_at(begin, touched, queues)
        return begin, not left and len(rows) > count

    def _begin_at(
        self, begin: int, touched: set[tuple[str, int]], queues: QueueTable
    ) -> None:
        moved: list[tuple[QueueState, int]] = []
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM log WHERE physical_offset<?", (begin,))
            for key in touched:
                state = queues.get(key)
                if state is None or state not in self._ids:
                    continue
                number = self._ids[state]
                connection.execute(
                    "DELETE FROM entries WHERE queue=?1 AND queue_offset<coalesce("
                    "(SELECT queue_offset FROM entries WHERE queue=?1 AND "
                    "physical_offset>=?2 ORDER BY queue_offset LIMIT 1), ?3)",
                    (number, begin, state.next_offset),
                )
                first = connection.execute(_ENTRIES, (number, 0, 1)).fetchone()
                offset = first[0] if first else state.next_offset
                connection.execute(_SET_MIN, (offset, number))
                moved.append((state, offset))
        for state, offset in moved:
            state.min_offset = max(offset, state.min_offset)

    def begin_queues(self, moved: Sequence[tuple[QueueState, int]]) -> None:
        """Have queues begin later; their entries go with the records."""
        with self._database.transaction() as connection:
            for state, offset in moved:
                if state in self._ids:
                    connection.execute(_SET_MIN, (offset, self._ids[state]))
        for state, offset in moved:
            state.min_offset = max(offset, state.min_offset)

    def truncate(self, offset: int) -> None:
        """Forget every record that does not end at or before *offset*."""
        with self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM log WHERE physical_offset>=?1 OR physical_offset=("
                "SELECT max(physical_offset) FROM log WHERE physical_offset<?1 "
                "AND physical_offset+length(record)>?1)",
                (offset,),
            )
            for number in self._ids.values():
                connection.execute(
                    "DELETE FROM entries WHERE queue=?1 AND queue_offset>=coalesce("
                    "(SELECT queue_offset + 1 FROM entries WHERE queue=?1 AND "
                    "physical_offset<?2 ORDER BY queue_offset DESC LIMIT 1), 0)",
                    (number, offset),
                )
            connection.execute(
                "DELETE FROM queues WHERE NOT is_deleted AND min_offset=0 AND NOT "
                "EXISTS (SELECT 1 FROM entries WHERE queue=id)"
            )
        self._ids.clear()


def _new_queue(connection: sqlite3.Connection, state: QueueState) -> int:
    added = connection.execute(
        "INSERT INTO queues(topic, queue_id, min_offset, is_deleted) VALUES(?,?,?,0)",
        (state.topic, state.queue_id, state.min_offset),
    )
    assert added.lastrowid is not None
    return added.lastrowid
