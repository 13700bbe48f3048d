"""The operator's connection to a cluster."""

from typing import Any, Self

from twisted.internet.defer import Deferred

from twistedmq.admin.asking import Asking
from twistedmq.admin.brokers import Brokers
from twistedmq.admin.clients import Clients
from twistedmq.admin.cluster import Cluster
from twistedmq.admin.cold_reads import ColdReads
from twistedmq.admin.dead_letters import DeadLetters
from twistedmq.admin.group_configs import GroupConfigs
from twistedmq.admin.groups import Groups
from twistedmq.admin.messages import Messages
from twistedmq.admin.moves import Moves
from twistedmq.admin.namesrv import NameServerTables
from twistedmq.admin.offsets import Offsets
from twistedmq.admin.queues import Queues
from twistedmq.admin.resending import Resending
from twistedmq.admin.resets import Resets
from twistedmq.admin.roll_call import RollCall
from twistedmq.admin.statistics import Statistics
from twistedmq.admin.stories import Stories
from twistedmq.admin.timers import Timers
from twistedmq.admin.topics import Topics
from twistedmq.admin.traces import Traces
from twistedmq.admin.tracks import Tracks
from twistedmq.admin.transactions import Transactions
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
        settings: what it was told, for clients beside it.
        wall_ms: gives the time of day in ms since the epoch.
        cluster: which clusters and brokers there are.
        brokers: what single brokers tell and are told, by address.
        namesrv: the tables of the name servers, besides routes.
        topics: the topics of the cluster.
        queues: the raw entries of queues.
        cold_reads: how much groups may read from the disk.
        statistics: what goes through topics and groups.
        groups: its consumer groups.
        group_configs: what these may do.
        clients: who is connected, and what they say of themselves.
        roll_call: everybody at once.
        offsets: how far groups are.
        resets: putting groups somewhere else, as the genuine tool does it.
        moves: the same queue by queue, planned first, and back again.
        messages: stored messages.
        tracks: what became of a message in each group.
        traces: what clients wrote down of a message.
        stories: all of that in the order of time.
        dead_letters: what groups have given up.
        resending: stored messages, once more.
        transactions: halves that nobody ended.
        timers: messages that wait for their time.
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
        self.settings = session.settings
        self.wall_ms = session.wall_ms
        self.cluster = Cluster(session.names)
        self.brokers = Brokers(session.calls)
        self.namesrv = NameServerTables(session.names)
        self.topics = Topics(session.names, session.routes, session.calls, self.cluster)
        self.queues = Queues(session.calls)
        self.cold_reads = ColdReads(session.calls)
        self.statistics = Statistics(self.topics, session.calls)
        self.groups = Groups(self.cluster, session.calls)
        asking = Asking(self.cluster, session.routes, session.calls)
        self.group_configs = GroupConfigs(asking)
        self.clients = Clients(asking)
        self.offsets = Offsets(asking)
        self.resets = Resets(asking)
        self.messages = Messages(asking)
        self.tracks = Tracks(asking, self.clients, self.offsets)
        self.traces = Traces(self.messages)
        self.resending = Resending(asking, session.random)
        self.transactions = Transactions(asking, self.messages)
        self.timers = Timers(asking)
        self.moves = Moves(asking, self.brokers, self.clients, self.resets)
        self.stories = Stories(self.messages, self.tracks, self.traces)
        self.roll_call = RollCall(self.cluster, self.groups, self.clients)
        self.dead_letters = DeadLetters(
            asking, self.messages, self.clients, self.resending
        )

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
