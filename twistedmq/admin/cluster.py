"""Which clusters and brokers there are."""

from msgspec import Struct

from twistedmq.admin.errors import NotThereError
from twistedmq.client.deferreds import gives_deferred
from twistedmq.client.errors import NoNameServerError, RefusedError
from twistedmq.client.nameservers import NameServers
from twistedmq.client.routing import MASTER_ID
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.routes import ClusterInfo
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command


class BrokerPlace(Struct, frozen=True, order=True):
    """One broker process and where it is."""

    cluster: str
    name: str
    """It shares it with its slaves, or its master."""
    broker_id: int
    """0: it is the master."""
    address: str


class Cluster:
    """What the name servers know of clusters and brokers.

    Calls fail with NoNameServerError, RefusedError or an error of the remoting room.
    """

    def __init__(self, nameservers: NameServers) -> None:
        self._nameservers = nameservers

    @gives_deferred
    async def info(self) -> ClusterInfo:
        """Give all brokers and clusters, as a name server tells it."""
        answer = await self._nameservers.ask(RequestCode.GET_BROKER_CLUSTER_INFO)
        must_succeed(answer)
        return loose_json.decode(answer.body, type=ClusterInfo)

    @gives_deferred
    async def brokers(self, cluster: str | None = None) -> list[BrokerPlace]:
        """Give all brokers of *cluster* (of all clusters), masters and slaves, sorted.

        Raises:
            NotThereError: there is no such cluster.
        """
        return places(await self.info(), cluster)

    @gives_deferred
    async def masters(self, cluster: str | None = None) -> dict[str, str]:
        """Give the masters' addresses by broker name, sorted by that.

        Raises:
            NotThereError: there is no such cluster.
            NoNameServerError: no master is registered.
        """
        brokers = await self.brokers(cluster)
        masters = {b.name: b.address for b in brokers if b.broker_id == MASTER_ID}
        if not masters:
            raise NoNameServerError("no master broker is registered")
        return masters

    @gives_deferred
    async def name_of(self, address: str) -> str:
        """Give the name of the broker at *address*.

        Raises:
            NotThereError: no name server knows one there.
        """
        brokers = await self.brokers()
        found = next((b.name for b in brokers if b.address == address), None)
        if found is None:
            raise NotThereError("broker at", address, [b.address for b in brokers])
        return found


def places(info: ClusterInfo, cluster: str | None = None) -> list[BrokerPlace]:
    """List the brokers of *info*, those of one cluster where it is named.

    Raises: NotThereError.
    """
    if cluster is not None and cluster not in info.cluster_addr_table:
        raise NotThereError("cluster", cluster, sorted(info.cluster_addr_table))
    return sorted(
        BrokerPlace(in_cluster, name, broker_id, address)
        for in_cluster, names in info.cluster_addr_table.items()
        if cluster in (None, in_cluster)
        for name in set(names)
        if (broker := info.broker_addr_table.get(name)) is not None
        for broker_id, address in broker.broker_addrs.items()
    )


def must_succeed(answer: Command, address: str = "the name server") -> Command:
    """Give *answer* if it is a SUCCESS; raises RefusedError."""
    if answer.code != ResponseCode.SUCCESS:
        raise RefusedError(answer.code, answer.remark, address)
    return answer
