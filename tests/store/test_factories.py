import pytest
from twisted.plugin import getPlugins
from zope.interface.verify import verifyObject

from twistedmq.store.factories import (
    FileStoreFactory,
    MemoryStoreFactory,
    StoreArgumentsError,
)
from twistedmq.store.interfaces import IStoreFactory


@pytest.mark.parametrize("factory", [FileStoreFactory(), MemoryStoreFactory()])
def test_a_factory_keeps_its_contract(factory) -> None:
    assert verifyObject(IStoreFactory, factory)
    with pytest.raises(StoreArgumentsError, match="takes no arguments"):
        factory.open_store("size=1", None)


def test_both_are_found_as_plugins() -> None:
    assert {"file", "memory"} <= {f.scheme for f in getPlugins(IStoreFactory)}
