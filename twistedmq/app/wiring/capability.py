"""What a capability brings to a broker that is put together."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from twisted.application.service import IService

from twistedmq.metrics.samples import MetricSource
from twistedmq.remoting.interfaces import BatchTable, HandlerTable


@dataclass
class RunningPart:
    """A service of a capability, with its place in the tree's order."""

    name: str
    """Appears in the log."""
    service: IService
    stop_limit_s: float


@dataclass
class Capability:
    """What the broker gets from one of its capabilities."""

    handlers: Sequence[HandlerTable] = ()
    services: Sequence[RunningPart] = field(default_factory=list)
    """Start once store and tables are open and before the ports are; stop after the
    ports are closed, while the store is still open."""
    metrics: Sequence[MetricSource] = ()
    """Give figures for /metrics when they are asked for; see metrics/samples.py."""
    batches: Sequence[BatchTable] = ()
    """For codes whose requests are served many at once."""
