"""The first-party stores and indexes as plugins: ``--store file``, ``--store memory``,
``indexStrategy=hash``, ``indexStrategy=none``.

Imported at every start, so the stores themselves are imported when one is opened.
"""

from typing import Any

from twisted.plugin import IPlugin
from zope.interface import implementer

from twistedmq.protocol.errors import TwistedMQError
from twistedmq.store.index_interfaces import IIndexFactory, IIndexStrategy
from twistedmq.store.interfaces import IMessageStore, IStoreFactory


class StoreArgumentsError(TwistedMQError):
    """A store or an index was given arguments that it does not take."""

    def __init__(self, scheme: str, arguments: str, what: str = "store") -> None:
        """Keep what was given."""
        super().__init__(f"the {what} {scheme!r} takes no arguments, not {arguments!r}")
        self.scheme = scheme
        self.arguments = arguments


@implementer(IPlugin, IStoreFactory)
class FileStoreFactory:
    """Opens the store in the genuine format, in ``storePathRootDir``."""

    scheme = "file"

    def open_store(self, arguments: str, context: Any) -> IMessageStore:
        """Make the store.

        Raises: StoreArgumentsError.
        """
        if arguments:
            raise StoreArgumentsError(self.scheme, arguments)
        from twistedmq.store.files.store import FileStore  # noqa: PLC0415

        return FileStore(context)


@implementer(IPlugin, IStoreFactory)
class MemoryStoreFactory:
    """Opens a store that forgets everything when it stops."""

    scheme = "memory"

    def open_store(self, arguments: str, context: Any) -> IMessageStore:
        """Make the store.

        Raises: StoreArgumentsError.
        """
        if arguments:
            raise StoreArgumentsError(self.scheme, arguments)
        from twistedmq.store.memory import MemoryStore  # noqa: PLC0415

        return MemoryStore(context)


@implementer(IPlugin, IIndexFactory)
class HashIndexFactory:
    """Opens the index in the genuine format, below ``storePathRootDir``."""

    scheme = "hash"

    def open_index(self, arguments: str, context: Any) -> IIndexStrategy:
        """Open the index.

        Raises: StoreArgumentsError.
        """
        if arguments:
            raise StoreArgumentsError(self.scheme, arguments, "index")
        from twistedmq.store.files.hash_index import HashIndex  # noqa: PLC0415

        return HashIndex.of(context.files, context.config.value)


@implementer(IPlugin, IIndexFactory)
class NoIndexFactory:
    """Gives an index that finds nothing."""

    scheme = "none"

    def open_index(self, arguments: str, context: Any) -> IIndexStrategy:
        """Give it.

        Raises: StoreArgumentsError.
        """
        if arguments:
            raise StoreArgumentsError(self.scheme, arguments, "index")
        from twistedmq.store.memory_index import NoIndex  # noqa: PLC0415

        return NoIndex()
