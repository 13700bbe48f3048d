"""Which store a broker keeps its messages in: ``--store scheme:arguments``.

And which index finds them by key: setting ``indexStrategy=scheme:arguments``.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.plugin import getPlugins

from twistedmq.protocol.errors import TwistedMQError
from twistedmq.store.context import StoreContext
from twistedmq.store.files_layer import Files
from twistedmq.store.index_interfaces import IIndexFactory, IIndexStrategy
from twistedmq.store.interfaces import (
    Durability,
    IMessageStore,
    IQueueKinds,
    IStoreFactory,
)
from twistedmq.store.json_file import AtomicJsonFile
from twistedmq.store.workers import Workers

_log = Logger()


class UnknownStoreError(TwistedMQError):
    """No plugin offers a store, or an index, of that scheme."""

    def __init__(self, scheme: str, known: list[str], what: str = "store") -> None:
        """Keep the *scheme* that was asked for and those there are."""
        super().__init__(f"there is no {what} {scheme!r}; known are {', '.join(known)}")
        self.scheme = scheme
        self.known = known


def wall_ms() -> int:
    """Give the wall clock in milliseconds."""
    return time.time_ns() // 1_000_000


def make_store(text: str, context: StoreContext) -> IMessageStore:
    """Make the store that *text* names, not started yet, with the index it wants.

    Raises: UnknownStoreError; TwistedMQError for arguments it does not take.
    """
    context.index = chosen_index(context.config.value.index_strategy)
    scheme, _, arguments = text.partition(":")
    for factory in factories():
        if factory.scheme == scheme:
            return factory.open_store(arguments, context)
    raise UnknownStoreError(scheme, sorted(factory.scheme for factory in factories()))


def chosen_index(text: str) -> Callable[[StoreContext], IIndexStrategy] | None:
    """Give what opens the index that *text* names; None for the store's own.

    Raises: UnknownStoreError.
    """
    if not text:
        return None
    scheme, _, arguments = text.partition(":")
    found: dict[str, IIndexFactory] = {f.scheme: f for f in getPlugins(IIndexFactory)}
    if scheme not in found:
        raise UnknownStoreError(scheme, sorted(found), "index")
    return partial(found[scheme].open_index, arguments)


def factories() -> Iterator[IStoreFactory]:
    """Give all that offer a store."""
    yield from getPlugins(IStoreFactory)


def check_queue_kinds(store: IMessageStore, context: StoreContext) -> None:
    """See that *store* has the kinds of queues that settings and topics ask for.

    Raises: TwistedMQError, for topics whose messages it could not keep.
    """
    if IQueueKinds.providedBy(store):
        return
    if context.config.value.light_queues_enabled:
        _log.warn(
            "enableLmq=true: the store that --store chooses has no light queues; "
            "messages for them stay in their own topics"
        )
    if context.batch_topics:
        raise TwistedMQError(
            f"topic {min(context.batch_topics)} has queue.type=BatchCQ: the store that "
            "--store chooses has no batch queues"
        )


class UnkeptFile(AtomicJsonFile):
    """Stands for a table's file where messages are not kept over a restart either."""

    def __init__(self) -> None:
        """There is nothing to open."""

    def load(self, accept: Callable[[bytes], object] | None = None) -> bytes | None:
        """Nothing was kept."""
        return None

    def save_now(self, data: bytes) -> None:
        """Nothing is kept."""

    def save(self, data: bytes) -> "Deferred[None]":
        """Nothing is kept."""
        return succeed(None)


def table_file(
    store: IMessageStore, files: Files, path: Path, workers: Workers
) -> AtomicJsonFile:
    """Give the file of one of a broker's tables; it lives as long as the messages.

    Offsets and topics of messages that are gone would only mislead.
    """
    if store.durability is Durability.MEMORY:
        return UnkeptFile()
    return AtomicJsonFile(files, path, workers)
