"""TwistedMQ on SQLite: the store ``sqlite:path=FILE``, the index of the same name.

Imported whenever plugins are looked for, so it imports nothing heavy.
"""

from pathlib import Path
from typing import Any

from msgspec import Struct
from twisted.plugin import IPlugin
from zope.interface import implementer

from twistedmq.protocol.errors import TwistedMQError
from twistedmq.store.index_interfaces import IIndexFactory, IIndexStrategy
from twistedmq.store.interfaces import IMessageStore, IStoreFactory


class SqliteArgumentsError(TwistedMQError):
    """The text behind ``sqlite:`` cannot be used."""

    def __init__(self, arguments: str, problem: str) -> None:
        """Say what the *problem* is."""
        super().__init__(f"sqlite:{arguments}: {problem}")
        self.arguments = arguments


class Arguments(Struct, frozen=True):
    """What stands behind ``sqlite:``."""

    path: Path
    max_bytes: int | None = None
    """The file does not become longer than this; None: as the disk allows."""

    @classmethod
    def parse(cls, text: str, path: Path) -> "Arguments":
        """Read ``path=FILE,maxBytes=NUMBER``; *path* is meant where none is given.

        Raises: SqliteArgumentsError.
        """
        max_bytes = None
        for part in filter(None, text.split(",")):
            name, equals, value = part.partition("=")
            if name == "path" and value:
                path = Path(value).expanduser()
            elif name == "maxBytes" and value.isdigit() and int(value):
                max_bytes = int(value)
            elif equals and name in {"path", "maxBytes"}:
                raise SqliteArgumentsError(text, f"{value!r} is no value for {name}")
            else:
                problem = f"{part!r} is neither path=FILE nor maxBytes=NUMBER"
                raise SqliteArgumentsError(text, problem)
        return cls(path, max_bytes)


@implementer(IPlugin, IStoreFactory)
class SqliteStoreFactory:
    """Opens the store in one file, ``messages.db`` in the store's directory if none
    is named.
    """

    scheme = "sqlite"

    def open_store(self, arguments: str, context: Any) -> IMessageStore:
        """Make the store.

        Raises: SqliteArgumentsError.
        """
        parsed = Arguments.parse(arguments, context.directory / "messages.db")
        from twistedmq_sqlite.store import SqliteStore  # noqa: PLC0415

        return SqliteStore(context, parsed.path, parsed.max_bytes)


@implementer(IPlugin, IIndexFactory)
class SqliteIndexFactory:
    """Opens the index in one file, ``index.db`` in the store's directory if none is
    named.
    """

    scheme = "sqlite"

    def open_index(self, arguments: str, context: Any) -> IIndexStrategy:
        """Open the index.

        Raises: SqliteArgumentsError, StoreOpenError.
        """
        parsed = Arguments.parse(arguments, context.directory / "index.db")
        from twistedmq_sqlite.index import open_index  # noqa: PLC0415

        return open_index(context, parsed.path, parsed.max_bytes)
