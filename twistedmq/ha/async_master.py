"""The HA mode without waiting: replicas, if any, follow when they can."""

from twisted.internet.defer import Deferred
from zope.interface import implementer

from twistedmq.store.interfaces import Durability, IReplication


@implementer(IReplication)
class AsyncMaster:
    """An acknowledged message is safe here; nobody waits for a replica."""

    def replicated(self, end: int) -> Deferred[Durability] | None:
        """Nothing need be waited for."""
        return None
