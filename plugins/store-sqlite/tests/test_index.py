import sqlite3
from pathlib import Path

import pytest
from twistedmq_sqlite.index import SqliteIndex, open_index

from twistedmq.testing import store_context
from twistedmq.testing.contracts.index_strategy import IndexStrategyContract, item


class TestSqliteIndex(IndexStrategyContract):
    def make_index(self, directory: Path) -> SqliteIndex:
        return open_index(store_context(directory), directory / "index.db", None)


def test_what_a_locked_file_does_not_take_is_put_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "index.db"
    index = open_index(store_context(tmp_path), path, None)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    index.put([item(0, KEYS="a")])
    index.put([item(10, KEYS="a")])
    assert index.indexed_offset() == -1
    with pytest.raises(OSError, match="locked"):
        index.expire(10)
    with pytest.raises(OSError, match="locked"):
        index.flush()
    other.execute("ROLLBACK")
    other.close()
    index.put([item(20, KEYS="a")])
    assert index.find("T", "a", 9, 0, 1 << 60, "").physical_offsets == [20, 10, 0]
    index.close()
