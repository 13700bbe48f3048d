"""The door of the index: how messages are found by key.

The tests that hold it are in ``twistedmq.testing.contracts.index_strategy``.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from zope.interface import Attribute, Interface

from twistedmq.protocol.command import Buffer


class IndexHits(Struct):
    """What an index found, newest first."""

    physical_offsets: list[int]
    last_update_ms: int = 0
    last_update_offset: int = 0


class IndexItem(Struct, gc=False):
    """What an index is told of one record."""

    topic: str
    properties: Buffer
    """Encoded, as the record holds them (name 01 value 02 ...)."""
    physical_offset: int
    store_ms: int


class IIndexStrategy(Interface):
    """Finds records by key. It may lag behind the log, and a store never lets it lead.

    Written behind the replies. At its start, a store calls ``truncate`` for what its
    log has lost, then ``put`` for what the index does not have; so a crash between
    ``put`` and ``flush`` costs nothing. ``put`` and ``truncate`` are never called two
    at a time; ``find``, ``flush`` and ``expire`` in any thread, at any time.
    """

    def put(items: Sequence[IndexItem]) -> None:
        """Add the keys (UNIQ_KEY, each word of KEYS, TAGS) of *items*, in log order.

        ``twistedmq.store.index_keys.keys_of`` gives them. Items at or before
        ``indexed_offset`` are passed over. In the reactor thread, so not for long. A
        failing disk raises nothing here: what could not be written is kept for
        ``flush``.
        """

    def find(
        topic: str,
        key: str,
        max_count: int,
        begin_ms: int,
        end_ms: int,
        index_type: str,
    ) -> IndexHits:
        """Find candidates among all that was put, flushed or not, newest first.

        Times are inclusive and hold to a second. Different keys may share a hash, so
        the reader checks. An index may have a limit of its own beside *max_count*
        (``maxMsgsNumBatch``).
        """

    def indexed_offset() -> int:
        """Give the physical offset of the last record put that has a key, or a later
        one put since; -1 if there is none. After a crash, what a flush has vouched for.
        """

    def flush() -> None:
        """Write and sync what is buffered, in a thread; one flush at a time.

        Raises:
            OSError: it did not work; the store does not vouch for the index then.
        """

    def truncate(physical_offset: int) -> None:
        """Forget items at or behind *physical_offset*: the log ends there now."""

    def expire(physical_offset: int) -> None:
        """Items before *physical_offset* may be forgotten: the log begins there now.

        In a thread, one at a time. An index may keep some of them.

        Raises:
            OSError: it did not work; it is tried again later.
        """

    def close() -> None:
        """Flush and close, in a thread; nothing is called afterwards.

        Raises:
            OSError: it did not work; everything was let go all the same.
        """


class IIndexFactory(Interface):
    """A plugin that opens indexes: setting ``indexStrategy=scheme:arguments``."""

    scheme: str = Attribute("Name before the colon.")

    def open_index(arguments: str, context: Any) -> IIndexStrategy:
        """Open or begin the index; called by a store in ``start``.

        *context* is a ``twistedmq.store.context.StoreContext``.

        Raises:
            TwistedMQError: the arguments cannot be used, or the index not be opened.
        """
