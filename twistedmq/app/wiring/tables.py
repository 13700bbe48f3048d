"""What a broker knows besides messages, made and filled from its files."""

from dataclasses import dataclass
from functools import partial

from twistedmq.app.stores import check_queue_kinds, table_file
from twistedmq.app.wiring.surroundings import Surroundings
from twistedmq.broker.clients.asked import AskedSubscriptions
from twistedmq.broker.clients.manager import ClientManager
from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.groups.file import GroupFile
from twistedmq.broker.groups.table import GroupTable
from twistedmq.broker.locks.table import QueueLocks
from twistedmq.broker.offsets.keeper import OffsetKeeper
from twistedmq.broker.offsets.table import OffsetTable
from twistedmq.broker.pop.in_flight import InFlight
from twistedmq.broker.statistics.days import Days
from twistedmq.broker.topics.file import TopicFile
from twistedmq.broker.topics.table import TopicTable
from twistedmq.broker.transactions.counts import TransactionCounts
from twistedmq.config.broker import (
    BrokerIdentity,
    BrokerLimits,
    GroupDefaults,
    OffsetConfig,
    TopicDefaults,
)
from twistedmq.config.filters import FilterLimits
from twistedmq.config.locks import LockConfig
from twistedmq.config.store import StoreConfig
from twistedmq.filter.expressions import Expressions
from twistedmq.store.json_file import AtomicJsonFile


@dataclass
class Tables:
    """What a broker knows besides messages, each with its file."""

    topics: TopicTable
    topic_file: TopicFile
    groups: GroupTable
    group_file: GroupFile
    offsets: OffsetTable
    offset_keeper: OffsetKeeper
    clients: ClientManager
    locks: QueueLocks
    counters: BrokerCounters
    days: Days
    popped: InFlight
    expressions: Expressions
    asked: AskedSubscriptions
    transactions: TransactionCounts

    def save_now(self) -> None:
        """Write what is written only when it changes: the broker stops."""
        self.topic_file.save_now()
        self.group_file.save_now()


def config_file(around: Surroundings, name: str) -> AtomicJsonFile:
    """Give the file *name* of a table."""
    path = around.context.directory / "config" / name
    return table_file(around.store, around.context.files, path, around.workers)


def build_tables(around: Surroundings) -> Tables:
    """Make the tables and fill them from their files."""
    live = around.settings.live
    identity = live(BrokerIdentity).value
    file = partial(config_file, around)
    limits, light = live(BrokerLimits), live(StoreConfig).value.light_queues_enabled
    topics = TopicTable(
        identity,
        live(TopicDefaults),
        limits,
        around.wall_ms,
        light,
        around.context.batch_topics,
    )
    groups = GroupTable(live(GroupDefaults), limits, around.wall_ms, light)
    offsets = OffsetTable(live(OffsetConfig), around.wall_ms)
    filter_limits = live(FilterLimits)
    expressions = Expressions(
        most_characters=lambda: filter_limits.value.most_characters
    )
    counters = BrokerCounters(around.seconds, identity.cluster_name)
    clients = ClientManager(expressions)
    tables = Tables(
        topics=topics,
        topic_file=TopicFile(around.reactor, file("topics.json"), topics),
        groups=groups,
        group_file=GroupFile(around.reactor, file("subscriptionGroup.json"), groups),
        offsets=offsets,
        offset_keeper=OffsetKeeper(
            around.reactor,
            offsets,
            file("lmqConsumerOffset.json" if light else "consumerOffset.json"),
            around.workers,
            live(OffsetConfig),
            file("consumerOffset.json") if light else None,
        ),
        clients=clients,
        locks=QueueLocks(around.seconds, live(LockConfig)),
        counters=counters,
        days=Days(counters.sums, around.wall_ms),
        popped=InFlight(around.wall_ms(), counters),
        expressions=expressions,
        asked=AskedSubscriptions(clients, expressions),
        transactions=TransactionCounts(around.wall_ms),
    )
    tables.topic_file.load()
    check_queue_kinds(around.store, around.context)
    tables.group_file.load()
    tables.offset_keeper.load()
    return tables
