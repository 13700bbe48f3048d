"""A broker, put together: the one place where all its parts are seen at once.

Each part is given exactly what it uses. What comes out has handlers for the ports and
services for the tree; nothing keeps hold of the whole.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from twisted.application.service import IService
from twisted.internet.defer import Deferred, gatherResults

from twistedmq.app.stores import check_queue_kinds, table_file, wall_ms
from twistedmq.broker.admin.cleaning import CleaningHandlers
from twistedmq.broker.admin.handlers import AdminHandlers
from twistedmq.broker.clients.connections import ConnectionHandlers
from twistedmq.broker.clients.handlers import ClientHandlers
from twistedmq.broker.clients.housekeeping import ClientHousekeeping
from twistedmq.broker.clients.manager import ClientManager
from twistedmq.broker.clients.notifier import RebalanceNotifier
from twistedmq.broker.clients.relays import RelayHandlers
from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.groups.file import GroupFile
from twistedmq.broker.groups.handlers import GroupHandlers
from twistedmq.broker.groups.table import GroupTable
from twistedmq.broker.locks.handlers import LockHandlers
from twistedmq.broker.locks.table import QueueLocks
from twistedmq.broker.offsets.bounds import BoundsHandlers, QueueBounds
from twistedmq.broker.offsets.handlers import OffsetHandlers
from twistedmq.broker.offsets.keeper import OffsetKeeper
from twistedmq.broker.offsets.reset import ResetHandlers
from twistedmq.broker.offsets.table import OffsetTable
from twistedmq.broker.pull.handlers import PullHandlers
from twistedmq.broker.pull.held import HeldPulls
from twistedmq.broker.pull.subscriptions import Subscriptions
from twistedmq.broker.queries.groups import GroupQueries
from twistedmq.broker.queries.messages import MessageQueries
from twistedmq.broker.queries.stats import StatsQueries
from twistedmq.broker.registration.name_servers import NameServers, page_fetcher
from twistedmq.broker.registration.service import RegistrationService
from twistedmq.broker.replies.handlers import ReplyHandlers
from twistedmq.broker.send.admission import Admission
from twistedmq.broker.send.handlers import SendHandlers
from twistedmq.broker.send.send_back import SendBackHandlers
from twistedmq.broker.topics.file import TopicFile
from twistedmq.broker.topics.handlers import TopicHandlers
from twistedmq.broker.topics.reserved import reserved_hours
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.broker import (
    BrokerAdmin,
    BrokerIdentity,
    BrokerLimits,
    ClientExpiry,
    GroupDefaults,
    OffsetConfig,
    PullConfig,
    RegistrationConfig,
    SendConfig,
    TopicDefaults,
)
from twistedmq.config.settings import LiveSettings
from twistedmq.config.store import StoreConfig
from twistedmq.filter.expressions import Expressions
from twistedmq.protocol.addresses import format_address, pack
from twistedmq.protocol.message_id import UniqueIdFactory
from twistedmq.remoting.client import ClientPool
from twistedmq.remoting.dispatch import Dispatcher
from twistedmq.remoting.interfaces import Handler, HandlerTable
from twistedmq.remoting.timer_wheel import TimerWheel, monotonic_of
from twistedmq.store.context import StoreContext
from twistedmq.store.interfaces import IMessageStore, IQueueKinds
from twistedmq.store.retention_interfaces import IRetention
from twistedmq.store.workers import Workers


@dataclass
class Surroundings:
    """What a broker is put into."""

    reactor: Any
    settings: LiveSettings
    wheel: TimerWheel
    context: StoreContext
    store: IMessageStore
    workers: Workers
    """Write the tables' files."""
    client: ClientPool
    """Opens connections to name servers."""
    host: str
    """Address that clients are told."""
    port: int
    random: Random = field(default_factory=Random)

    @property
    def seconds(self) -> Callable[[], float]:
        """The monotonic clock."""
        return monotonic_of(self.reactor)

    @property
    def address(self) -> str:
        """HOST:PORT that clients are told."""
        return format_address(self.host, self.port)


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
    expressions: Expressions

    def save_now(self) -> None:
        """Write what is written only when it changes: the broker stops."""
        self.topic_file.save_now()
        self.group_file.save_now()


@dataclass
class BrokerParts:
    """A broker without its ports."""

    dispatcher: Dispatcher
    tables: Tables
    held: HeldPulls
    send: SendHandlers
    registration: RegistrationService
    housekeeping: IService

    def let_go(self) -> None:
        """Refuse new messages and answer the pulls that wait: the broker stops."""
        self.send.close()
        self.held.wake_all()


def build_tables(around: Surroundings) -> Tables:
    """Make the tables and fill them from their files."""
    live = around.settings.live
    identity = live(BrokerIdentity).value
    folder = around.context.directory / "config"

    def file(name: str) -> Any:
        return table_file(
            around.store, around.context.files, folder / name, around.workers
        )

    limits, light = live(BrokerLimits), live(StoreConfig).value.light_queues_enabled
    topics = TopicTable(
        identity,
        live(TopicDefaults),
        limits,
        wall_ms,
        light,
        around.context.batch_topics,
    )
    groups = GroupTable(live(GroupDefaults), limits, wall_ms, light)
    offsets = OffsetTable(live(OffsetConfig), wall_ms)
    expressions = Expressions()
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
        clients=ClientManager(expressions),
        locks=QueueLocks(around.seconds),
        counters=BrokerCounters(around.seconds, identity.cluster_name),
        expressions=expressions,
    )
    tables.topic_file.load()
    check_queue_kinds(around.store, around.context)
    tables.group_file.load()
    tables.offset_keeper.load()
    return tables


def build_broker(around: Surroundings) -> BrokerParts:
    """Put a broker together."""
    live = around.settings.live
    tables = build_tables(around)
    held = HeldPulls(around.reactor, around.wheel, around.store, live(BrokerLimits))
    notifier = RebalanceNotifier(around.reactor, live(GroupDefaults))
    tables.clients.on_change(notifier.group_changed)
    registration = _registration(around, tables)
    settled = _settled(tables, registration)
    send = _sends(around, tables, settled)
    handlers = merge(
        _messages(around, tables, held, settled),
        _reading(around, tables, held),
        _clients(around, tables),
        _admin(around, tables, settled),
    )
    return BrokerParts(
        dispatcher=Dispatcher(handlers, send.batch_table()),
        tables=tables,
        held=held,
        send=send,
        registration=registration,
        housekeeping=ClientHousekeeping(
            around.reactor, around.seconds, tables.clients, live(ClientExpiry)
        ),
    )


def merge(
    tables: Iterable[HandlerTable], *more: Iterable[HandlerTable]
) -> HandlerTable:
    """Put handler tables together.

    Raises: ValueError, if two parts want the same request code.
    """
    merged: dict[int, Handler] = {}
    for table in (t for group in (tables, *more) for t in group):
        if twice := merged.keys() & table.keys():
            raise ValueError(f"request codes {sorted(twice)} have two handlers")
        merged.update(table)
    return merged


Settled = Callable[[], "Deferred[None] | None"]


def _settled(tables: Tables, registration: RegistrationService) -> Settled:
    """Give what says when new topics are on disk, and known to the name servers."""

    def settled() -> "Deferred[None] | None":
        waiting = [d for d in (tables.topic_file.saved(), registration.settled()) if d]
        if not waiting:
            return None
        return gatherResults(waiting, consumeErrors=True).addCallback(lambda _: None)

    return settled


def _registration(around: Surroundings, tables: Tables) -> RegistrationService:
    live = around.settings.live
    name_servers = NameServers(
        live(RegistrationConfig),
        around.seconds,
        around.reactor.nameResolver,
        page_fetcher(around.reactor),
    )
    ha_address = format_address(around.host, around.port + 1)
    return RegistrationService(
        around.reactor,
        live(BrokerIdentity),
        live(RegistrationConfig),
        tables.topics,
        name_servers,
        around.client,
        lambda: (around.address, ha_address),
    )


def _sends(around: Surroundings, tables: Tables, settled: Settled) -> SendHandlers:
    live = around.settings.live
    packed_host = pack(around.host, around.port)
    admission = Admission(
        tables.topics,
        tables.groups,
        tables.locks,
        live(BrokerIdentity),
        live(SendConfig),
        live(StoreConfig),
        wall_ms,
        around.random,
    )
    ids = UniqueIdFactory(packed_host, os.getpid(), around.random, wall_ms)
    return SendHandlers(
        admission=admission,
        store=around.store,
        identity=live(BrokerIdentity),
        packed_host=packed_host,
        new_unique_id=ids.next,
        counters=tables.counters,
        clock=around.reactor,
        config=live(SendConfig),
        settled=settled,
    )


def _messages(
    around: Surroundings, tables: Tables, held: HeldPulls, settled: Settled
) -> Iterable[HandlerTable]:
    live = around.settings.live
    back = SendBackHandlers(
        topics=tables.topics,
        groups=tables.groups,
        store=around.store,
        identity=live(BrokerIdentity),
        counters=tables.counters,
        random=around.random,
        settled=settled,
    )
    pull = PullHandlers(
        store=around.store,
        topics=tables.topics,
        groups=tables.groups,
        offsets=tables.offsets,
        subscriptions=Subscriptions(
            tables.clients, tables.groups, tables.expressions, live(PullConfig)
        ),
        held=held,
        counters=tables.counters,
        identity=live(BrokerIdentity),
        config=live(PullConfig),
    )
    return back.table(), pull.table()


def _reading(
    around: Surroundings, tables: Tables, held: HeldPulls
) -> Iterable[HandlerTable]:
    live = around.settings.live
    store, topics, groups = around.store, tables.topics, tables.groups
    offsets, clients = tables.offsets, tables.clients
    reset = ResetHandlers(
        store=store,
        offsets=offsets,
        topics=topics,
        groups=groups,
        clients=clients,
        held=held,
        identity=live(BrokerIdentity),
        config=live(OffsetConfig),
    )
    committed = OffsetHandlers(
        offsets=offsets,
        bounds=QueueBounds(store),
        topics=topics,
        groups=groups,
        clients=clients,
    )
    stats = StatsQueries(
        store=store,
        offsets=offsets,
        topics=topics,
        groups=groups,
        clients=clients,
        counters=tables.counters,
        identity=live(BrokerIdentity),
        address=lambda: around.address,
        wall_ms=wall_ms,
    )
    return (
        reset.table(),
        committed.table(),
        stats.table(),
        BoundsHandlers(store).table(),
        MessageQueries(store, clients).table(),
        GroupQueries(clients, offsets, lambda: around.address).table(),
    )


def _clients(around: Surroundings, tables: Tables) -> Iterable[HandlerTable]:
    live = around.settings.live
    heartbeats = ClientHandlers(
        clients=tables.clients,
        topics=tables.topics,
        groups=tables.groups,
        expressions=tables.expressions,
        config=live(PullConfig),
        seconds=around.seconds,
    )
    relays = RelayHandlers(
        clients=tables.clients,
        topics=tables.topics,
        groups=tables.groups,
        store=around.store,
        identity=live(BrokerIdentity),
    )
    connections = ConnectionHandlers(tables.clients, around.seconds, wall_ms)
    replies = ReplyHandlers(
        clients=tables.clients,
        topics=tables.topics,
        store=around.store,
        identity=live(BrokerIdentity),
        packed_host=pack(around.host, around.port),
        counters=tables.counters,
        wall_ms=wall_ms,
    )
    return (
        replies.table(),
        heartbeats.table(),
        relays.table(),
        connections.table(),
        LockHandlers(tables.locks).table(),
    )


def _admin(
    around: Surroundings, tables: Tables, settled: Settled
) -> Iterable[HandlerTable]:
    live = around.settings.live
    store, offsets = around.store, tables.offsets
    topics = TopicHandlers(
        tables.topics,
        live(TopicDefaults),
        settled,
        forget=(store.delete_topic, offsets.remove_topic, tables.counters.forget_topic),
        groups_of=offsets.groups_of,
        has_batch_queues=IQueueKinds.providedBy(store),
    )
    groups = GroupHandlers(
        tables.groups,
        live(TopicDefaults),
        tables.group_file.saved,
        forget_offsets=(offsets.remove_group,),
    )
    admin = AdminHandlers(
        store=store,
        topics=tables.topics,
        counters=tables.counters,
        settings=around.settings,
        admin=around.settings.live(BrokerAdmin),
        sending=around.settings.live(SendConfig),
        wall_ms=wall_ms,
        seconds=around.seconds,
    )
    cleaning = CleaningHandlers(store, tables.topics)
    if (retention := IRetention(store, None)) is not None:
        retention.reserve(partial(reserved_hours, tables.topics))
    return topics.table(), groups.table(), admin.table(), cleaning.table()
