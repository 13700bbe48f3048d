from pathlib import Path

from twisted.internet.task import Clock

from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.ha.async_master import AsyncMaster
from twistedmq.store.context import LOOPBACK_HOST, StoreContext
from twistedmq.testing.workers import InlineWorkers


def test_the_directory_is_the_one_of_the_settings() -> None:
    config = Live(StoreConfig(root_directory=Path("/there")))
    context = StoreContext(Clock(), lambda: 0, config, AsyncMaster())
    assert context.directory == Path("/there")
    assert context.store_host == LOOPBACK_HOST


def test_given_workers_are_used() -> None:
    workers = InlineWorkers()
    context = StoreContext(
        Clock(), lambda: 0, Live(StoreConfig()), AsyncMaster(), workers=workers
    )
    assert context.make_workers() is context.make_readers() is workers


def test_reads_have_other_threads_than_syncs() -> None:
    context = StoreContext(Clock(), lambda: 0, Live(StoreConfig()), AsyncMaster())
    workers, readers = context.make_workers(), context.make_readers()
    assert workers is not readers
    assert (workers, readers) == (context.make_workers(), context.make_readers())
