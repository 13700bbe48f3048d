"""Clients: heartbeats, relays, locks, replies."""

from twistedmq.app.wiring.capability import Capability
from twistedmq.app.wiring.surroundings import Surroundings
from twistedmq.app.wiring.tables import Tables
from twistedmq.broker.clients.connections import ConnectionHandlers
from twistedmq.broker.clients.handlers import ClientHandlers
from twistedmq.broker.clients.relays import RelayHandlers
from twistedmq.broker.clients.watch import SubscriptionWatch
from twistedmq.broker.locks.handlers import LockHandlers
from twistedmq.broker.replies.handlers import ReplyHandlers
from twistedmq.broker.replies.keeping import ReplyKeeper
from twistedmq.config.broker import BrokerIdentity, PullConfig, SendConfig
from twistedmq.config.replies import RepliesConfig
from twistedmq.config.store import StoreConfig
from twistedmq.protocol.addresses import pack


def clients(around: Surroundings, tables: Tables) -> Capability:
    """Join what clients say of themselves, and what is passed on to them."""
    live = around.settings.live
    watch = SubscriptionWatch()
    tables.clients.on_wishes(watch.wishes_changed)
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
    connections = ConnectionHandlers(
        tables.clients, tables.locks, around.seconds, around.wall_ms
    )
    packed_host = pack(around.host, around.port)
    replies = ReplyHandlers(
        clients=tables.clients,
        topics=tables.topics,
        keeper=ReplyKeeper(
            around.store,
            live(RepliesConfig),
            live(StoreConfig),
            packed_host,
            tables.counters,
        ),
        identity=live(BrokerIdentity),
        sending=live(SendConfig),
        packed_host=packed_host,
        wall_ms=around.wall_ms,
        random=around.random,
    )
    return Capability(
        [
            replies.table(),
            heartbeats.table(),
            relays.table(),
            connections.table(),
            LockHandlers(tables.locks).table(),
        ],
        metrics=[watch.samples],
    )
