from pathlib import Path

import pytest
from twisted.plugin import getPlugins
from twistedmq_sqlite import (
    Arguments,
    SqliteArgumentsError,
    SqliteIndexFactory,
    SqliteStoreFactory,
)
from twistedmq_sqlite.index import SqliteIndex
from zope.interface.verify import verifyObject

from twistedmq.store.index_interfaces import IIndexFactory
from twistedmq.store.interfaces import IStoreFactory
from twistedmq.testing import store_context

HERE = Path("/data/messages.db")


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("", Arguments(HERE)),
        ("path=/x/y.db", Arguments(Path("/x/y.db"))),
        ("maxBytes=1000000", Arguments(HERE, 1_000_000)),
        ("path=y.db,maxBytes=5", Arguments(Path("y.db"), 5)),
    ],
)
def test_arguments(text: str, arguments: Arguments) -> None:
    assert Arguments.parse(text, HERE) == arguments


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/x/y.db", "'/x/y.db' is neither path=FILE nor maxBytes=NUMBER"),
        ("path=", "'' is no value for path"),
        ("maxBytes=10g", "'10g' is no value for maxBytes"),
        ("maxBytes=0", "'0' is no value for maxBytes"),
        ("mode=wal", "'mode=wal' is neither"),
    ],
)
def test_wrong_arguments_are_told(text: str, told: str) -> None:
    with pytest.raises(SqliteArgumentsError, match=told):
        Arguments.parse(text, HERE)


def test_both_are_found_as_plugins() -> None:
    assert "sqlite" in {f.scheme for f in getPlugins(IStoreFactory)}
    assert "sqlite" in {f.scheme for f in getPlugins(IIndexFactory)}
    assert verifyObject(IStoreFactory, SqliteStoreFactory())
    assert verifyObject(IIndexFactory, SqliteIndexFactory())


def test_without_a_path_files_are_in_the_directory_of_the_store(tmp_path: Path) -> None:
    context = store_context(tmp_path)
    store = SqliteStoreFactory().open_store("", context)
    assert not list(tmp_path.iterdir())
    store.start()
    index = SqliteIndexFactory().open_index("", context)
    assert isinstance(index, SqliteIndex)
    names = {path.name for path in tmp_path.iterdir()}
    assert {"messages.db", "index.db"} <= names
    index.close()
    store.stop()
