from pathlib import Path
from typing import Any

import pytest

from twistedmq.store.interfaces import IMessageStore
from twistedmq.store.memory import MemoryStore
from twistedmq.store.retention import HOUR_MS
from twistedmq.testing import Told, batch_of, store_context
from twistedmq.testing.contracts import (
    MessageStoreContract,
    QueueKindsContract,
    ReplicableLogContract,
    StoreLifeContract,
)


def make_store(**arguments: Any) -> MemoryStore:
    return MemoryStore(store_context(Path("/nowhere")), **arguments)


class TestMemoryStore(MessageStoreContract):
    def make_store(self, directory: Path) -> MemoryStore:
        return MemoryStore(self.context(directory))


class TestLifeOfMemory(StoreLifeContract):
    keeps = False

    def make_store(self, directory: Path) -> MemoryStore:
        return MemoryStore(self.context(directory))

    def open_small(self, directory: Path) -> MemoryStore:
        self.changes["delete_unexpired"] = False
        store = MemoryStore(self.context(directory), 5000)
        store.start()
        return store

    def make_room(self, store: IMessageStore) -> bool:
        """Have what is in it expire."""
        self.now_ms += 73 * HOUR_MS
        self.clock.advance(11)
        return True


class TestQueueKindsInMemory(QueueKindsContract):
    keeps = False

    def make_store(self, directory: Path) -> MemoryStore:
        return MemoryStore(self.context(directory))


class TestReplicableMemory(ReplicableLogContract):
    keeps = False

    def make_store(self, directory: Path) -> MemoryStore:
        return MemoryStore(self.context(directory))


def test_a_smaller_message_may_still_fit() -> None:
    store = make_store(limit_bytes=1000)
    store.append(batch_of([Told(body=b"x" * 500)]))
    assert store.append(batch_of([Told()])).queue_offsets == [1]


def test_rubbish_is_refused() -> None:
    store = make_store()
    with pytest.raises(ValueError, match="no record"):
        store.log_write(0, b"\x7f" * 200)
    assert store.log_bounds() == (0, 0)


@pytest.mark.parametrize(("settings", "found"), [({}, [0]), ({"index_enabled": 0}, [])])
def test_the_index_can_be_switched_off(settings: Any, found: list[int]) -> None:
    store = MemoryStore(store_context(Path("/nowhere"), **settings))
    store.start()
    store.append(batch_of([Told(keys="a")]))
    assert store.query("Orders", "a", 9, 0, 1 << 60, "").physical_offsets == found
