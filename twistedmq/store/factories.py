"""The first-party stores as plugins: ``--store file``, ``--store memory``.

Imported at every start, so the stores themselves are imported when one is opened.
"""

from typing import Any

from twisted.plugin import IPlugin
from zope.interface import implementer

from twistedmq.protocol.errors import TwistedMQError
from twistedmq.store.interfaces import IMessageStore, IStoreFactory


class StoreArgumentsError(TwistedMQError):
    """A store was given arguments that it does not take."""

    def __init__(self, scheme: str, arguments: str) -> None:
        """Keep what was given."""
        super().__init__(f"the store {scheme!r} takes no arguments, not {arguments!r}")
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
