"""What is asked about messages, offsets and figures."""

from twistedmq.app.wiring.capability import Capability
from twistedmq.app.wiring.surroundings import Surroundings
from twistedmq.app.wiring.tables import Tables
from twistedmq.broker.offsets.bounds import BoundsHandlers, QueueBounds
from twistedmq.broker.offsets.handlers import OffsetHandlers
from twistedmq.broker.offsets.reset import ResetHandlers
from twistedmq.broker.pull.held import HeldPulls
from twistedmq.broker.queries.groups import GroupQueries
from twistedmq.broker.queries.messages import MessageQueries
from twistedmq.broker.queries.stats import StatsQueries
from twistedmq.config.broker import BrokerIdentity, OffsetConfig


def reading(around: Surroundings, tables: Tables, held: HeldPulls) -> Capability:
    """Join what answers questions."""
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
        wall_ms=around.wall_ms,
    )
    return Capability(
        [
            reset.table(),
            committed.table(),
            stats.table(),
            BoundsHandlers(store).table(),
            MessageQueries(store, clients).table(),
            GroupQueries(clients, offsets, lambda: around.address).table(),
        ]
    )
