"""A store that writes JSON lines: ``--store lines:path=FILE``."""

from pathlib import Path
from typing import Any

from twisted.plugin import IPlugin
from zope.interface import implementer

from twistedmq.protocol.errors import TwistedMQError
from twistedmq.store.interfaces import IMessageStore, IStoreFactory


class ArgumentsError(TwistedMQError):
    """The text behind ``lines:`` cannot be used."""


@implementer(IPlugin, IStoreFactory)
class LinesFactory:
    """Opens the store in one file."""

    scheme = "lines"

    def open_store(self, arguments: str, context: Any) -> IMessageStore:
        """Make the store; nothing is touched before its ``start``."""
        name, _, value = arguments.partition("=")
        if arguments and (name != "path" or not value):
            raise ArgumentsError(f"lines:{arguments}: not path=FILE")
        path = Path(value) if value else context.directory / "messages.jsonl"
        from rmq_store_lines.store import LinesStore  # heavy, so only when it is wanted

        return LinesStore(context, path)
