from pathlib import Path
from types import SimpleNamespace

import pytest
from twisted.internet.task import Clock
from twisted.logger import capturedLogs

from twistedmq.app import stores
from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.ha.async_master import AsyncMaster
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.store.context import StoreContext
from twistedmq.store.files_layer import RealFiles
from twistedmq.store.interfaces import Durability
from twistedmq.store.json_file import AtomicJsonFile
from twistedmq.store.memory_index import MemoryIndex, NoIndex


@pytest.fixture
def context() -> StoreContext:
    return StoreContext(Clock(), stores.wall_ms, Live(StoreConfig()), AsyncMaster())


def test_the_scheme_chooses_the_store(context: StoreContext) -> None:
    assert stores.make_store("memory", context).durability is Durability.MEMORY


def test_an_unknown_scheme_is_told_with_those_there_are(context: StoreContext) -> None:
    with pytest.raises(stores.UnknownStoreError, match=r"'tape'.*file, memory"):
        stores.make_store("tape:x", context)


def test_the_index_is_chosen_by_a_setting() -> None:
    def index_of(text: str) -> object:
        config = Live(StoreConfig(index_strategy=text))
        context = StoreContext(Clock(), stores.wall_ms, config, AsyncMaster())
        stores.make_store("memory", context)
        return context.open_index(MemoryIndex)

    assert isinstance(index_of("none"), NoIndex)
    assert isinstance(index_of(""), MemoryIndex)
    with pytest.raises(stores.UnknownStoreError, match=r"index 'tape'.*hash, none"):
        index_of("tape:x")


def test_tables_of_a_store_in_memory_are_not_kept(tmp_path: Path) -> None:
    store = SimpleNamespace(durability=Durability.MEMORY)
    file = stores.table_file(store, RealFiles(), tmp_path / "topics.json", None)
    file.save_now(b"{}")
    done: list[None] = []
    file.save(b"{}").addCallback(done.append)
    assert done == [None]
    assert file.load() is None
    assert not list(tmp_path.iterdir())


def test_tables_of_other_stores_are(tmp_path: Path) -> None:
    store = SimpleNamespace(durability=Durability.PAGE_CACHE)
    file = stores.table_file(store, RealFiles(), tmp_path / "topics.json", None)
    assert type(file) is AtomicJsonFile


def test_a_store_must_have_the_queues_that_are_asked_for(context: StoreContext) -> None:
    poor = SimpleNamespace()
    stores.check_queue_kinds(poor, context)
    context.batch_topics.add("Bundles")
    with pytest.raises(TwistedMQError, match=r"topic Bundles has queue.type=BatchCQ"):
        stores.check_queue_kinds(poor, context)
    light = Live(StoreConfig(light_queues_enabled=True))
    other = StoreContext(Clock(), stores.wall_ms, light, AsyncMaster())
    with capturedLogs() as logs:
        stores.check_queue_kinds(poor, other)
    assert "enableLmq=true" in logs[0]["log_format"]
    stores.check_queue_kinds(stores.make_store("memory", other), other)
