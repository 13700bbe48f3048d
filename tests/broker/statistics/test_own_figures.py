from twisted.internet.task import Clock

from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.statistics.own_figures import OwnFigures
from twistedmq.metrics.samples import Distribution


def test_what_only_this_broker_shows() -> None:
    throughput = BrokerCounters(Clock().seconds, "c").throughput
    throughput.read(3)
    throughput.read(0)
    throughput.read(0)
    throughput.stored(-0.02, 9)
    own = OwnFigures(
        throughput, Distribution([1.0]), held_pulls=lambda: 4, timers=lambda: 5
    )
    found = {(s.metric.name, *s.labels): s.value for s in own.samples()}
    assert found[("twistedmq_held_pulls",)] == 4
    assert found[("twistedmq_timeouts",)] == 5
    assert found["twistedmq_reads_total", "found"] == 1
    assert found["twistedmq_reads_total", "missed"] == 2
    assert 18 < found["twistedmq_put_latency_ms", "0.99"] <= 20
