"""Pulls."""

from twistedmq.app.wiring.broadcast import broadcast
from twistedmq.app.wiring.capability import Capability
from twistedmq.app.wiring.surroundings import Surroundings
from twistedmq.app.wiring.tables import Tables
from twistedmq.broker.pull.handlers import PullHandlers
from twistedmq.broker.pull.held import HeldPulls
from twistedmq.broker.pull.progress import Progress
from twistedmq.broker.pull.subscriptions import Subscriptions
from twistedmq.config.broker import BrokerIdentity, PullConfig


def pulls(around: Surroundings, tables: Tables, held: HeldPulls) -> Capability:
    """Join what gives messages to consumers."""
    live = around.settings.live
    broadcast_offsets, service = broadcast(around, tables)
    pull = PullHandlers(
        store=around.store,
        topics=tables.topics,
        groups=tables.groups,
        progress=Progress(tables.offsets, broadcast_offsets),
        subscriptions=Subscriptions(
            tables.clients, tables.groups, tables.asked, live(PullConfig)
        ),
        held=held,
        counters=tables.counters,
        identity=live(BrokerIdentity),
        config=live(PullConfig),
    )
    return Capability([pull.table()], [service])
