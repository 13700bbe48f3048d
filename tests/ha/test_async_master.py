from zope.interface.verify import verifyObject

from twistedmq.ha.async_master import AsyncMaster
from twistedmq.store.interfaces import IReplication


def test_nobody_is_waited_for() -> None:
    mode = AsyncMaster()
    assert verifyObject(IReplication, mode)
    assert mode.replicated(100) is None
