"""What a store is given when it is opened."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.store.files_layer import Files, RealFiles
from twistedmq.store.index_interfaces import IIndexStrategy
from twistedmq.store.interfaces import IReplication
from twistedmq.store.memory_index import NoIndex
from twistedmq.store.workers import ThreadWorkers, Workers

LOOPBACK_HOST: Final = b"\x7f\0\0\x01\0\0\x2a\x9f"
"""127.0.0.1:10911, packed."""


@dataclass
class StoreContext:
    """Clock, settings, disk and threads of one store."""

    reactor: Any
    """Provides IReactorTime, and IReactorFromThreads unless ``workers`` are given."""
    wall_ms: Any
    """Callable that gives the wall clock in ms."""
    config: Live[StoreConfig]
    replication: IReplication
    store_host: bytes = LOOPBACK_HOST
    """The packed address written into records; may be set until the first append."""
    files: Files = field(default_factory=RealFiles)
    workers: Workers | None = None
    index: Callable[["StoreContext"], IIndexStrategy] | None = None
    """Opens the index that the settings name, if they name one."""
    batch_topics: set[str] = field(default_factory=set)
    """Topics with batch queues: the broker keeps this in step with its topics, and a
    store that finds others on its disk adds them. To be filled before ``start``."""

    def __post_init__(self) -> None:
        """Have given workers do everything."""
        self._readers = self.workers

    @property
    def directory(self) -> Path:
        """The root of the store's files."""
        return self.config.value.root_directory

    def make_workers(self) -> Workers:
        """Give the workers, made at the first call."""
        if self.workers is None:
            self.workers = self._threads("store")
        return self.workers

    def make_readers(self) -> Workers:
        """Give who reads from the disk, so that no sync waits for a read.

        They are others than the workers, unless ``workers`` were given, who do both.
        """
        if self._readers is None:
            self._readers = self._threads("reads")
        return self._readers

    def _threads(self, name: str) -> Workers:
        return ThreadWorkers(self.reactor, self.config.value.reader_threads, name)

    def open_index(self, own: Callable[[], IIndexStrategy]) -> IIndexStrategy:
        """Open the index that was chosen; *own* opens the one of the store itself.

        Called in ``start``. Raises: TwistedMQError.
        """
        if not self.config.value.index_enabled:
            return NoIndex()
        return self.index(self) if self.index is not None else own()
