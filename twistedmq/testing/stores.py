"""Small file stores for tests: over fake files or real ones, without threads."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from twisted.internet.task import Clock

from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.ha.async_master import AsyncMaster
from twistedmq.store.context import StoreContext
from twistedmq.store.files.store import FileStore
from twistedmq.store.files_layer import Files, RealFiles
from twistedmq.store.workers import Workers
from twistedmq.testing.workers import InlineWorkers

SMALL = StoreConfig(
    segment_bytes=64 * 1024,
    queue_file_bytes=1000,
    batch_queue_file_bytes=920,
    index_slots=100,
    index_items=200,
    tail_entries=8,
    warm_queues=4,
    open_files=8,
    light_queues_enabled=True,
    multi_dispatch=True,
)
"""Settings under which a few hundred messages fill several files of each kind."""


def store_context(
    directory: Path,
    files: Files | None = None,
    workers: Workers | None = None,
    wall_ms: Callable[[], int] = lambda: 1_700_000_000_000,
    config: StoreConfig = SMALL,
    batch_topics: Iterable[str] = (),
    **changes: Any,
) -> StoreContext:
    """Give a context with a Clock; *changes* are settings."""
    settings = replace(config, root_directory=directory, **changes)
    return StoreContext(
        Clock(),
        wall_ms,
        Live(settings),
        AsyncMaster(),
        files=files or RealFiles(),
        workers=workers or InlineWorkers(),
        batch_topics=set(batch_topics),
    )


def open_store(
    directory: Path, files: Files | None = None, **changes: Any
) -> FileStore:
    """Give a file store that has recovered already."""
    store = FileStore(store_context(directory, files, **changes))
    store.start()
    failures: list[Any] = []
    store.ready.addErrback(failures.append)
    if failures:
        failures[0].raiseException()
    assert store.ready.called
    return store
