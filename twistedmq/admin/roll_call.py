"""Everybody who is connected: consumers and producers, by client."""

from typing import Any, Final

from msgspec import Struct
from twisted.internet.defer import Deferred, DeferredSemaphore, gatherResults

from twistedmq.admin.asking import Silent, answers_of
from twistedmq.admin.clients import Clients
from twistedmq.admin.cluster import Cluster
from twistedmq.admin.errors import NotOnlineError
from twistedmq.admin.groups import Groups
from twistedmq.client.deferreds import gives_deferred, unwrapped
from twistedmq.protocol.versions import version_name

AT_ONCE: Final = 20
"""Questions to brokers at a time."""


class ConnectedClient(Struct, kw_only=True):
    """One client, and what it does at which brokers."""

    client_id: str
    address: str
    language: str
    version: str
    consumes: dict[str, str] = {}
    """By group: CONSUME_PASSIVELY (push), CONSUME_ACTIVELY (pull), CONSUME_POP."""
    produces: set[str] = set()
    """Groups."""
    brokers: set[str] = set()
    """Which brokers it has told of itself."""


class RollCall:
    """Finds out who is connected.

    Calls fail with NoNameServerError, RefusedError or an error of the remoting room.
    """

    def __init__(self, cluster: Cluster, groups: Groups, clients: Clients) -> None:
        self._cluster = cluster
        self._groups = groups
        self._clients = clients

    @gives_deferred
    async def everybody(self, *, silent: Silent | None = None) -> list[ConnectedClient]:
        """Give all clients that all masters know, sorted by id.

        *silent* gets the brokers that do not answer, whose clients are missing then;
        without it that is an error.
        """
        found: dict[str, ConnectedClient] = {}
        groups = await self._groups.names(system=True, silent=silent)
        masters = await self._cluster.masters()
        turns = DeferredSemaphore(AT_ONCE)
        asked = {
            broker: self._all_of(found, groups, broker, address, turns)
            for broker, address in masters.items()
            if broker not in (silent or ())
        }
        await answers_of(asked, silent)
        return sorted(found.values(), key=lambda client: client.client_id)

    def _all_of(
        self,
        found: dict[str, ConnectedClient],
        groups: list[str],
        broker: str,
        address: str,
        turns: DeferredSemaphore,
    ) -> Deferred[Any]:
        """Add all clients that one broker knows."""
        asked = [
            turns.run(self._consumers, found, group, broker, address)
            for group in groups
        ]
        asked.append(turns.run(self._producers, found, broker, address))
        return unwrapped(gatherResults(asked, consumeErrors=True))

    @gives_deferred
    async def _consumers(
        self,
        found: dict[str, ConnectedClient],
        group: str,
        broker: str,
        address: str,
    ) -> None:
        """Add the members of one group that one broker knows."""
        try:
            members = await self._clients.consumers(group, at=address)
        except NotOnlineError:
            return
        for each in members.connection_set:
            client = found.setdefault(
                each.client_id,
                ConnectedClient(
                    client_id=each.client_id,
                    address=each.client_addr,
                    language=each.language,
                    version=version_name(each.version),
                ),
            )
            client.consumes[group] = members.consume_type.value
            client.brokers.add(broker)

    @gives_deferred
    async def _producers(
        self, found: dict[str, ConnectedClient], broker: str, address: str
    ) -> None:
        """Add the producers that one broker knows."""
        producers = await self._clients.all_producers(address)
        for group, infos in producers.items():
            for info in infos:
                client = found.setdefault(
                    info.client_id,
                    ConnectedClient(
                        client_id=info.client_id,
                        address=info.remote_ip.removeprefix("/"),
                        language=info.language,
                        version=version_name(info.version),
                    ),
                )
                client.produces.add(group)
                client.brokers.add(broker)
