"""What the broker counts, and shows of itself at /metrics."""

from functools import partial

from twistedmq.app.wiring.capability import Capability, RunningPart
from twistedmq.app.wiring.surroundings import Surroundings
from twistedmq.app.wiring.tables import Tables
from twistedmq.broker.pull.held import HeldPulls
from twistedmq.broker.statistics.broker_figures import BrokerFigures
from twistedmq.broker.statistics.lag import Lags, Popped
from twistedmq.broker.statistics.lag_figures import LagFigures
from twistedmq.broker.statistics.own_figures import OwnFigures
from twistedmq.broker.statistics.service import StatisticsService
from twistedmq.broker.statistics.store_figures import StoreFigures
from twistedmq.broker.statistics.traffic_figures import TrafficFigures
from twistedmq.config.broker import BrokerIdentity
from twistedmq.config.metrics import MetricsConfig
from twistedmq.metrics.registry import MetricsRegistry
from twistedmq.protocol.bodies import ConsumeType


def metrics_registry(around: Surroundings) -> MetricsRegistry:
    """Make what knows all figures of this broker."""
    config = around.settings.live(MetricsConfig)
    identity = around.settings.live(BrokerIdentity)

    def labels() -> dict[str, str]:
        return {
            **dict(config.value.labels),
            "node_type": "broker",
            "cluster": identity.value.cluster_name,
            "node_id": identity.value.broker_name,
        }

    return MetricsRegistry(around.reactor, labels, lambda: config.value.most_of_a_kind)


def popped(tables: Tables, group: str, topic: str, queue_id: int) -> Popped | None:
    """Say where a group is that pops; None for one that pulls."""
    known = tables.clients.consumer_group(group)
    if known is None or known.consume_type is not ConsumeType.CONSUME_POP:
        return None
    next_offset = tables.offsets.query(group, topic, queue_id)
    if next_offset < 0:
        return None
    return Popped(next_offset, tables.popped.count((topic, group, queue_id)))


def figures(around: Surroundings, tables: Tables, held: HeldPulls) -> Capability:
    """Join what counts, and what gives figures of the broker as a whole."""
    live = around.settings.live
    shown = live(MetricsConfig)
    service = StatisticsService(
        around.reactor, around.seconds, tables.counters, tables.days
    )
    broker = BrokerFigures(
        tables.topics, tables.groups, tables.clients, live(BrokerIdentity), shown
    )
    traffic = TrafficFigures(tables.counters, tables.topics, shown)
    lag = LagFigures(
        lags=Lags(around.store, tables.offsets, partial(popped, tables)),
        topics=tables.topics,
        groups=tables.groups,
        clients=tables.clients,
        offsets=tables.offsets,
        config=shown,
        wall_ms=around.wall_ms,
    )
    store = StoreFigures(around.store, shown, around.wall_ms)
    own = OwnFigures(
        tables.counters.throughput,
        service.lateness,
        held_pulls=lambda: len(held),
        timers=lambda: len(around.wheel),
    )
    return Capability(
        services=[RunningPart("statistics", service, 1.0)],
        metrics=[
            broker.tables,
            broker.connections,
            traffic.incoming,
            traffic.outgoing,
            traffic.given_up,
            lag.samples,
            store.samples,
            own.samples,
        ],
    )
