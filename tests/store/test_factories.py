from pathlib import Path

import pytest
from twisted.plugin import getPlugins
from zope.interface.verify import verifyObject

from twistedmq.store.factories import (
    FileStoreFactory,
    HashIndexFactory,
    MemoryStoreFactory,
    NoIndexFactory,
    StoreArgumentsError,
)
from twistedmq.store.files.hash_index import HashIndex
from twistedmq.store.index_interfaces import IIndexFactory
from twistedmq.store.interfaces import IStoreFactory
from twistedmq.store.memory_index import NoIndex
from twistedmq.testing import store_context


@pytest.mark.parametrize("factory", [FileStoreFactory(), MemoryStoreFactory()])
def test_a_factory_keeps_its_contract(factory) -> None:
    assert verifyObject(IStoreFactory, factory)
    with pytest.raises(StoreArgumentsError, match="takes no arguments"):
        factory.open_store("size=1", None)


def test_both_are_found_as_plugins() -> None:
    assert {"file", "memory"} <= {f.scheme for f in getPlugins(IStoreFactory)}


@pytest.mark.parametrize("factory", [HashIndexFactory(), NoIndexFactory()])
def test_a_factory_of_indexes_keeps_its_contract(factory) -> None:
    assert verifyObject(IIndexFactory, factory)
    with pytest.raises(StoreArgumentsError, match=r"the index .* takes no arguments"):
        factory.open_index("size=1", None)


def test_both_indexes_are_found_as_plugins(tmp_path: Path) -> None:
    found = {f.scheme: f for f in getPlugins(IIndexFactory)}
    context = store_context(tmp_path)
    assert isinstance(found["hash"].open_index("", context), HashIndex)
    assert isinstance(found["none"].open_index("", context), NoIndex)
