"""The operator's connection to a cluster."""

from types import TracebackType
from typing import Any, Self

from twisted.internet.defer import Deferred

from twistedmq.admin.topics import Topics
from twistedmq.client.nameserver_sources import Nameservers
from twistedmq.client.session import ClientSettings, Session, merged_settings


class Admin:
    """Administers a cluster.

    ::

        async with Admin("127.0.0.1:9876") as admin:
            await admin.topics.create("orders", queues=8)

    Args:
        nameservers: as for ``Producer``.
        settings: what else clients can be told; *nameservers* goes before it.
        reactor: None: the global one.

    Attributes:
        topics: the topics of the cluster.
    """

    def __init__(
        self,
        nameservers: Nameservers = None,
        *,
        settings: ClientSettings | None = None,
        reactor: Any = None,
    ) -> None:
        self._session = Session(merged_settings(settings, nameservers, reactor))
        self.topics = Topics(
            self._session.names, self._session.routes, self._session.calls
        )

    def start(self) -> Deferred[Self]:
        """Find the name servers; fails with NoNameServerError."""
        return self._session.start().addCallback(lambda _: self)

    def close(self) -> Deferred[None]:
        """Disconnect."""
        return Deferred.fromCoroutine(self._session.close(None))

    async def __aenter__(self) -> Self:
        """Start."""
        return await self.start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        await self.close()
