"""Which broker of a set a queue is pulled from."""

from twistedmq.client.errors import BrokerNotFoundError
from twistedmq.client.routing import MASTER_ID, Routes


class PullSource:
    """The one that was suggested, or the master, or any that there is.

    Args:
        routes: which brokers there are.
        broker_name: the set.

    Attributes:
        suggested: the broker id that the last answer named.
    """

    def __init__(self, routes: Routes, broker_name: str) -> None:
        self.suggested = MASTER_ID
        self._routes = routes
        self._broker_name = broker_name

    def where(self) -> tuple[str, bool]:
        """Give an address, and whether it is the master's.

        Raises:
            BrokerNotFoundError: no route names one.
        """
        members = self._routes.addresses(self._broker_name)
        if not members:
            raise BrokerNotFoundError(self._broker_name)
        for broker_id in (self.suggested, MASTER_ID):
            if broker_id in members:
                return members[broker_id], broker_id == MASTER_ID
        return next(iter(members.values())), False
