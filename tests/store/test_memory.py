from pathlib import Path
from typing import Any

import pytest
from twisted.internet.task import Clock

from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.ha.async_master import AsyncMaster
from twistedmq.store.context import StoreContext
from twistedmq.store.interfaces import StoreFullError
from twistedmq.store.memory import MemoryStore
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.contracts.message_store import MessageStoreContract
from twistedmq.testing.contracts.replicable_log import ReplicableLogContract


def make_store(wall_ms: Any = lambda: 1, **arguments: Any) -> MemoryStore:
    context = StoreContext(Clock(), wall_ms, Live(StoreConfig()), AsyncMaster())
    return MemoryStore(context, **arguments)


class TestMemoryStore(MessageStoreContract):
    def make_store(self, directory: Path) -> MemoryStore:
        return make_store(self.wall_ms)

    def test_full_is_full(self) -> None:
        store = make_store(limit_bytes=1000)
        store.append(batch_of([Told(body=b"x" * 500)]))
        with pytest.raises(StoreFullError):
            store.append(batch_of([Told(body=b"x" * 500)]))
        assert store.queue_bounds("Orders", 0) == (0, 1)
        store.append(batch_of([Told()]))


class TestReplicableMemory(ReplicableLogContract):
    def make_store(self, directory: Path) -> MemoryStore:
        return make_store()

    def test_rubbish_is_refused(self) -> None:
        store = make_store()
        with pytest.raises(ValueError, match="no record"):
            store.log_write(0, b"\x7f" * 200)
        assert store.log_bounds() == (0, 0)
