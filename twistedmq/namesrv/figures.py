"""Figures of a name server: which brokers it knows, and what they hold."""

from collections.abc import Iterator
from typing import Final

from twistedmq.metrics.samples import Sample, gauge
from twistedmq.namesrv.routes import RouteTable

BROKERS: Final = gauge(
    "twistedmq_namesrv_brokers",
    "Registered brokers of a name; one of them is the master",
    "cluster",
    "broker_name",
)
TOPICS: Final = gauge("twistedmq_namesrv_topics", "Topics that have a route")
QUEUES: Final = gauge("twistedmq_namesrv_routes", "Brokers, summed over all topics")
CHANGES: Final = gauge(
    "twistedmq_namesrv_route_revision", "Rises with every change of the routes"
)


class NamesrvFigures:
    """Gives figures of the routes."""

    def __init__(self, routes: RouteTable) -> None:
        self._routes = routes

    def samples(self) -> Iterator[Sample]:
        """Give today's figures."""
        routes = self._routes
        for cluster, names in routes.clusters.items():
            for name in names:
                broker = routes.brokers.get(name)
                if broker is not None:
                    yield BROKERS.of(len(broker.broker_addrs), cluster, name)
        yield TOPICS.of(len(routes.queues))
        yield QUEUES.of(sum(map(len, routes.queues.values())))
        yield CHANGES.of(routes.revision)
