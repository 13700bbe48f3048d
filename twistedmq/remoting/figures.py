"""Figures of listening ports."""

from collections.abc import Iterator, Mapping
from typing import Final

from twistedmq.metrics.samples import Sample, gauge
from twistedmq.remoting.server import RemotingServer

CONNECTIONS: Final = gauge("twistedmq_connections", "Open connections", "port")
MOST: Final = gauge(
    "twistedmq_connections_limit", "Connections that are accepted at most", "port"
)
IN_FLIGHT: Final = gauge(
    "twistedmq_requests_in_flight", "Requests that wait for their answer", "port"
)
IN_FLIGHT_BYTES: Final = gauge(
    "twistedmq_requests_in_flight_bytes", "Size of such requests", "port"
)
PAUSED: Final = gauge(
    "twistedmq_connections_paused",
    "Connections from which nothing is read, since they have too much in flight or "
    "do not take their answers",
    "port",
)


class PortFigures:
    """Gives figures of the ports of one server, by their names."""

    def __init__(self, ports: Mapping[str, RemotingServer]) -> None:
        self._ports = dict(ports)

    def samples(self) -> Iterator[Sample]:
        """Give today's figures."""
        for name, port in self._ports.items():
            connections = list(port.connections)
            yield CONNECTIONS.of(len(connections), name)
            yield MOST.of(port.limits.max_connections, name)
            yield IN_FLIGHT.of(sum(c.in_flight for c in connections), name)
            yield IN_FLIGHT_BYTES.of(sum(c.in_flight_bytes for c in connections), name)
            yield PAUSED.of(sum(c.is_paused for c in connections), name)
