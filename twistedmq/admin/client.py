"""The operator's connection to a cluster."""

from typing import Any, Self

from twisted.internet.defer import Deferred

from twistedmq.admin.brokers import Brokers
from twistedmq.admin.cluster import Cluster
from twistedmq.admin.groups import Groups
from twistedmq.admin.namesrv import NameServerTables
from twistedmq.admin.topics import Topics
from twistedmq.client.nameserver_sources import Nameservers
from twistedmq.client.session import ClientSettings, Session, merged_settings
from twistedmq.client.startable import Startable


class Admin(Startable):
    """Administers a cluster.

    ::

        async with Admin("127.0.0.1:9876") as admin:
            await admin.topics.create("orders", queues=8)

    Args:
        nameservers: as for ``Producer``.
        settings: what else clients can be told; *nameservers* goes before it.
        reactor: None: the global one.

    Attributes:
        wall_ms: gives the time of day in ms since the epoch.
        cluster: which clusters and brokers there are.
        brokers: what single brokers tell and are told, by address.
        namesrv: the tables of the name servers, besides routes.
        topics: the topics of the cluster.
        groups: its consumer groups.
    """

    def __init__(
        self,
        nameservers: Nameservers = None,
        *,
        settings: ClientSettings | None = None,
        reactor: Any = None,
    ) -> None:
        session = Session(merged_settings(settings, nameservers, reactor))
        super().__init__(session)
        self.wall_ms = session.wall_ms
        self.cluster = Cluster(session.names)
        self.brokers = Brokers(session.calls)
        self.namesrv = NameServerTables(session.names)
        self.topics = Topics(session.names, session.routes, session.calls, self.cluster)
        self.groups = Groups(self.cluster, session.calls)

    def start(self) -> Deferred[Self]:
        """Find the name servers; fails with NoNameServerError."""
        return super().start()

    def close(self) -> Deferred[None]:
        """Disconnect."""
        return super().close()

    async def _start(self) -> None:
        await self._session.start()
        self._running = True

    async def _close(self) -> None:
        await self._session.close(None)
