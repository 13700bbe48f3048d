from pathlib import Path

from zope.interface.verify import verifyObject

from twistedmq.store.index_interfaces import IIndexStrategy
from twistedmq.store.memory_index import MemoryIndex, NoIndex
from twistedmq.testing.contracts.index_strategy import IndexStrategyContract, item


class TestMemoryIndex(IndexStrategyContract):
    keeps = False

    def make_index(self, directory: Path) -> MemoryIndex:
        return MemoryIndex()


def test_no_index_finds_nothing() -> None:
    index = NoIndex()
    assert verifyObject(IIndexStrategy, index)
    index.put([item(0, KEYS="a")])
    index.flush()
    index.truncate(0)
    assert index.find("T", "a", 9, 0, 1 << 60, "").physical_offsets == []
    assert index.indexed_offset() == -1
    index.close()
