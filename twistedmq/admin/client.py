"""The operator's connection to a cluster."""

from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from msgspec.structs import replace
from twisted.internet.defer import Deferred

from twistedmq.client.nameserver_sources import Nameservers
from twistedmq.client.session import ClientSettings, Session, merged_settings
from twistedmq.client.startable import Startable

if TYPE_CHECKING:
    from twistedmq.admin.asking import Asking
    from twistedmq.admin.brokers import Brokers
    from twistedmq.admin.clients import Clients
    from twistedmq.admin.cluster import Cluster
    from twistedmq.admin.cold_reads import ColdReads
    from twistedmq.admin.dead_letters import DeadLetters
    from twistedmq.admin.group_configs import GroupConfigs
    from twistedmq.admin.groups import Groups
    from twistedmq.admin.locks import Locks
    from twistedmq.admin.messages import Messages
    from twistedmq.admin.monitoring import Monitor
    from twistedmq.admin.moves import Moves
    from twistedmq.admin.namesrv import NameServerTables
    from twistedmq.admin.offsets import Offsets
    from twistedmq.admin.queues import Queues
    from twistedmq.admin.resending import Resending
    from twistedmq.admin.resets import Resets
    from twistedmq.admin.rocksdb import RocksDB
    from twistedmq.admin.roll_call import RollCall
    from twistedmq.admin.samples import Samples
    from twistedmq.admin.schedules import Schedules
    from twistedmq.admin.statistics import Statistics
    from twistedmq.admin.stories import Stories
    from twistedmq.admin.timers import Timers
    from twistedmq.admin.topics import Topics
    from twistedmq.admin.traces import Traces
    from twistedmq.admin.tracks import Tracks
    from twistedmq.admin.transactions import Transactions


class Admin(Startable):
    """Administers a cluster.

    ::

        async with Admin("127.0.0.1:9876") as admin:
            await admin.topics.create("orders", queues=8)

    Each part is made when it is asked for first, so that a command that needs one of
    them is not kept waiting for all to be imported.

    Args:
        nameservers: as for ``Producer``.
        settings: what else clients can be told; *nameservers* goes before it.
        reactor: None: the global one.

    Attributes:
        settings: what it was told, for clients beside it.
        wall_ms: gives the time of day in ms since the epoch.
    """

    def __init__(
        self,
        nameservers: Nameservers = None,
        *,
        settings: ClientSettings | None = None,
        reactor: Any = None,
    ) -> None:
        merged = merged_settings(settings, nameservers, reactor)
        # operators see all namespaces, by the names that brokers know
        session = Session(replace(merged, namespace=None))
        super().__init__(session)
        self.settings = session.settings
        self.wall_ms = session.wall_ms

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

    # its parts

    @cached_property
    def cluster(self) -> "Cluster":
        """Which clusters and brokers there are."""
        from twistedmq.admin.cluster import Cluster  # noqa: PLC0415

        return Cluster(self._session.names)

    @cached_property
    def brokers(self) -> "Brokers":
        """What single brokers tell and are told, by address."""
        from twistedmq.admin.brokers import Brokers  # noqa: PLC0415

        return Brokers(self._session.calls)

    @cached_property
    def namesrv(self) -> "NameServerTables":
        """The tables of the name servers, besides routes."""
        from twistedmq.admin.namesrv import NameServerTables  # noqa: PLC0415

        return NameServerTables(self._session.names)

    @cached_property
    def topics(self) -> "Topics":
        """The topics of the cluster."""
        from twistedmq.admin.topics import Topics  # noqa: PLC0415

        return Topics(
            self._session.names, self._session.routes, self._session.calls, self.cluster
        )

    @cached_property
    def queues(self) -> "Queues":
        """The raw entries of queues."""
        from twistedmq.admin.queues import Queues  # noqa: PLC0415

        return Queues(self._session.calls)

    @cached_property
    def cold_reads(self) -> "ColdReads":
        """How much groups may read from the disk."""
        from twistedmq.admin.cold_reads import ColdReads  # noqa: PLC0415

        return ColdReads(self._session.calls)

    @cached_property
    def rocksdb(self) -> "RocksDB":
        """What genuine brokers may keep in RocksDB."""
        from twistedmq.admin.rocksdb import RocksDB  # noqa: PLC0415

        return RocksDB(self._session.calls)

    @cached_property
    def statistics(self) -> "Statistics":
        """What goes through topics and groups."""
        from twistedmq.admin.statistics import Statistics  # noqa: PLC0415

        return Statistics(self.topics, self._session.calls)

    @cached_property
    def groups(self) -> "Groups":
        """The consumer groups of the cluster."""
        from twistedmq.admin.groups import Groups  # noqa: PLC0415

        return Groups(self.cluster, self._session.calls)

    @cached_property
    def group_configs(self) -> "GroupConfigs":
        """What consumer groups may do."""
        from twistedmq.admin.group_configs import GroupConfigs  # noqa: PLC0415

        return GroupConfigs(self._asking)

    @cached_property
    def clients(self) -> "Clients":
        """Who is connected, and what they say of themselves."""
        from twistedmq.admin.clients import Clients  # noqa: PLC0415

        return Clients(self._asking)

    @cached_property
    def roll_call(self) -> "RollCall":
        """Who is there, of all groups at once."""
        from twistedmq.admin.roll_call import RollCall  # noqa: PLC0415

        return RollCall(self.cluster, self.groups, self.clients)

    @cached_property
    def offsets(self) -> "Offsets":
        """How far groups are."""
        from twistedmq.admin.offsets import Offsets  # noqa: PLC0415

        return Offsets(self._asking)

    @cached_property
    def resets(self) -> "Resets":
        """Putting groups somewhere else, as the genuine tool does it."""
        from twistedmq.admin.resets import Resets  # noqa: PLC0415

        return Resets(self._asking)

    @cached_property
    def moves(self) -> "Moves":
        """Putting groups somewhere else queue by queue, planned first, and back."""
        from twistedmq.admin.moves import Moves  # noqa: PLC0415

        return Moves(self._asking, self.brokers, self.clients, self.resets)

    @cached_property
    def messages(self) -> "Messages":
        """Stored messages."""
        from twistedmq.admin.messages import Messages  # noqa: PLC0415

        return Messages(self._asking)

    @cached_property
    def tracks(self) -> "Tracks":
        """What became of a message in each group."""
        from twistedmq.admin.tracks import Tracks  # noqa: PLC0415

        return Tracks(self._asking, self.clients, self.offsets)

    @cached_property
    def traces(self) -> "Traces":
        """What clients wrote down of a message."""
        from twistedmq.admin.traces import Traces  # noqa: PLC0415

        return Traces(self.messages)

    @cached_property
    def stories(self) -> "Stories":
        """All that is known of a message, in the order of time."""
        from twistedmq.admin.stories import Stories  # noqa: PLC0415

        return Stories(self.messages, self.tracks, self.traces)

    @cached_property
    def dead_letters(self) -> "DeadLetters":
        """What groups have given up."""
        from twistedmq.admin.dead_letters import DeadLetters  # noqa: PLC0415

        return DeadLetters(self._asking, self.messages, self.clients, self.resending)

    @cached_property
    def resending(self) -> "Resending":
        """Stored messages, once more."""
        from twistedmq.admin.resending import Resending  # noqa: PLC0415

        return Resending(self._asking, self._session.random)

    @cached_property
    def transactions(self) -> "Transactions":
        """Halves that nobody ended."""
        from twistedmq.admin.transactions import Transactions  # noqa: PLC0415

        return Transactions(self._asking, self.messages)

    @cached_property
    def timers(self) -> "Timers":
        """Messages that wait for their time."""
        from twistedmq.admin.timers import Timers  # noqa: PLC0415

        return Timers(self._asking)

    @cached_property
    def schedules(self) -> "Schedules":
        """How many wait for their time, and when the next is due."""
        from twistedmq.admin.schedules import Schedules  # noqa: PLC0415

        return Schedules(self.brokers, self.queues, self.timers, self._session.calls)

    @cached_property
    def locks(self) -> "Locks":
        """Queues that one client of a group holds."""
        from twistedmq.admin.locks import Locks  # noqa: PLC0415

        return Locks(self._asking, self.groups)

    @cached_property
    def samples(self) -> "Samples":
        """Figures of all brokers at one moment, to be compared with others."""
        from twistedmq.admin.samples import Samples  # noqa: PLC0415

        return Samples(
            self.cluster,
            self.brokers,
            self.offsets,
            self._session.calls,
            self._session.reactor,
            self._session.wall_ms,
        )

    @cached_property
    def monitor(self) -> "Monitor":
        """All groups, looked at again and again."""
        from twistedmq.admin.monitoring import Monitor  # noqa: PLC0415

        return Monitor(
            self.topics, self.offsets, self.messages, self.clients, self._session
        )

    @cached_property
    def _asking(self) -> "Asking":
        from twistedmq.admin.asking import Asking  # noqa: PLC0415

        return Asking(self.cluster, self._session.routes, self._session.calls)
