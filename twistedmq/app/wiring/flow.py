"""Flow control: what stands before the handlers."""

from twistedmq.app.wiring.capability import Capability
from twistedmq.app.wiring.surroundings import Surroundings
from twistedmq.app.wiring.tables import Tables
from twistedmq.broker.flow.busyness import Busyness
from twistedmq.broker.flow.cold_handlers import ColdHandlers
from twistedmq.broker.flow.cold_reads import ColdReads
from twistedmq.broker.flow.guard import BusyGuard
from twistedmq.broker.flow.quotas import Quotas
from twistedmq.broker.flow.read_holds import ReadHolds
from twistedmq.broker.flow.read_quotas import ReadGuard, ReadQuotas
from twistedmq.config.broker import BrokerLimits
from twistedmq.config.flow import ColdConfig, FlowConfig
from twistedmq.config.metrics import PROMETHEUS, MetricsConfig
from twistedmq.remoting.dispatch import Dispatcher
from twistedmq.remoting.interfaces import BatchTable, HandlerTable
from twistedmq.remoting.request_times import RequestTimes


class Flow:
    """What is measured and limited before a request reaches its handler.

    Attributes:
        quotas: asked by the handlers of sends.
        capability: its figures.
    """

    def __init__(self, around: Surroundings, tables: Tables) -> None:
        live = around.settings.live
        throughput = tables.counters.throughput
        config = live(FlowConfig)
        self.quotas = Quotas(tables.topics, config, around.seconds)
        self._busyness = Busyness(around.reactor, around.seconds, throughput, config)
        self._guard = BusyGuard(self._busyness, config)
        shown = live(MetricsConfig).value
        is_measured = shown.exporter == PROMETHEUS and shown.remoting
        self._times = RequestTimes(around.seconds) if is_measured else None
        cold = ColdReads(live(ColdConfig), around.seconds, around.wall_ms)
        tables.counters.on_disk_read(cold.note)
        self._holds = ReadHolds(around.wheel, live(BrokerLimits))
        reads = ReadQuotas(tables.topics, config, around.seconds)
        self._reads = ReadGuard(reads, self._holds, config)
        self._cold = ColdHandlers(cold, self._holds, tables.clients)
        metrics = [self.quotas.samples, reads.samples]
        metrics += [self._busyness.samples, cold.samples]
        if self._times is not None:
            metrics.append(self._times.samples)
        self.capability = Capability([self._cold.table()], metrics=metrics)

    def dispatcher(self, handlers: HandlerTable, batches: BatchTable) -> Dispatcher:
        """Make the dispatcher of guarded, and perhaps measured, handlers."""
        handlers = self._reads.guarded(self._cold.guarded(handlers))
        handlers = self._guard.handlers(handlers)
        batches = self._guard.batches(batches)
        if self._times is not None:
            handlers = self._times.handlers(handlers)
            batches = self._times.batches(batches)
        return Dispatcher(handlers, batches)

    def stop(self) -> None:
        """Measure no more, and answer what waits."""
        self._busyness.stop()
        self._holds.wake_all()
