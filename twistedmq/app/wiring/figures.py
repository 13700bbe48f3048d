"""What the broker shows of itself at /metrics, beside what its capabilities show."""

from twistedmq.app.wiring.capability import Capability
from twistedmq.app.wiring.surroundings import Surroundings
from twistedmq.app.wiring.tables import Tables
from twistedmq.broker.statistics.broker_figures import BrokerFigures
from twistedmq.config.broker import BrokerIdentity
from twistedmq.config.metrics import MetricsConfig
from twistedmq.metrics.registry import MetricsRegistry


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


def figures(around: Surroundings, tables: Tables) -> Capability:
    """Join what gives figures of the broker as a whole."""
    live = around.settings.live
    broker = BrokerFigures(
        tables.topics,
        tables.groups,
        tables.clients,
        live(BrokerIdentity),
        live(MetricsConfig),
    )
    return Capability(metrics=[broker.tables, broker.connections])
