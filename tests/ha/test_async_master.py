from zope.interface.verify import verifyObject

from twistedmq.ha.async_master import AsyncMaster
from twistedmq.store.interfaces import IReplication


def test_it_keeps_the_contract_and_waits_for_nobody() -> None:
    assert verifyObject(IReplication, AsyncMaster())
    assert AsyncMaster().replicated(10**12) is None
