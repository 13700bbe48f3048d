"""Messages that wait for a time of their own, and calling them back."""

from collections.abc import Callable
from dataclasses import dataclass

from twistedmq.app.stores import table_file
from twistedmq.app.wiring.capability import Capability, RunningPart
from twistedmq.app.wiring.surroundings import Surroundings
from twistedmq.app.wiring.tables import Tables
from twistedmq.broker.inner.writer import InnerWriter
from twistedmq.broker.statistics.timer_figures import TimerFigures
from twistedmq.broker.timer.backlog import TimerBacklog
from twistedmq.broker.timer.delivering import Delivering
from twistedmq.broker.timer.diversion import TimerDiversion
from twistedmq.broker.timer.handlers import TimerHandlers
from twistedmq.broker.timer.keeping import Keeping, KeptFiles
from twistedmq.broker.timer.metrics import TimerMetrics
from twistedmq.broker.timer.placing import Placing
from twistedmq.broker.timer.recall import RecallHandlers
from twistedmq.broker.timer.service import TimerService
from twistedmq.broker.timer.wheel import Wheel
from twistedmq.config.broker import BrokerIdentity, SendConfig
from twistedmq.config.metrics import MetricsConfig
from twistedmq.config.timer import TimerConfig
from twistedmq.protocol.bodies import TopicConfig
from twistedmq.store.interfaces import Durability
from twistedmq.store.timer.recovery import TimerFiles

STOP_S = 15.0
"""Long enough for the slot that is being delivered."""


@dataclass
class Timers:
    """What sends and the timers share: made before either of them."""

    wheel: Wheel
    diversion: TimerDiversion
    """Says which messages wait, and where."""
    wakes: list[Callable[[], None]]
    """Told of each message that comes."""


def new_timers(around: Surroundings) -> Timers:
    """Begin with an empty wheel."""
    live, wakes = around.settings.live, list[Callable[[], None]]()

    def coming() -> None:
        for wake in wakes:
            wake()

    wheel = Wheel(live(TimerConfig).value.grain_ms)
    diversion = TimerDiversion(
        wheel=wheel,
        config=live(TimerConfig),
        identity=live(BrokerIdentity),
        wall_ms=around.wall_ms,
        random=around.random,
        coming=coming,
    )
    return Timers(wheel, diversion, wakes)


def timer_files(around: Surroundings) -> KeptFiles:
    """Give where the state goes: it lives as long as the messages."""
    files, root = around.context.files, around.context.directory
    config = around.settings.live(TimerConfig).value
    path = root / "config" / "timermetrics"
    counts = table_file(around.store, files, path, around.workers)
    if around.store.durability is Durability.MEMORY:
        return KeptFiles(None, counts)
    state = TimerFiles(files, root, config.grain_ms, config.log_file_bytes)
    return KeptFiles(state, counts)


def timer(
    around: Surroundings, tables: Tables, inner: InnerWriter, timers: Timers
) -> tuple[Capability, TimerBacklog]:
    """Join what delivers messages at their time; gives its figures, too."""
    live, wheel, metrics = (
        around.settings.live,
        timers.wheel,
        TimerMetrics(around.wall_ms),
    )
    placing = Placing(
        store=around.store,
        wheel=wheel,
        metrics=metrics,
        config=live(TimerConfig),
        seconds=around.seconds,
    )
    delivering = Delivering(
        clock=around.reactor,
        workers=around.workers,
        store=around.store,
        inner=inner,
        wheel=wheel,
        metrics=metrics,
        wall_ms=around.wall_ms,
        seconds=around.seconds,
    )
    keeping = Keeping(
        clock=around.reactor,
        workers=around.workers,
        store=around.store,
        files=timer_files(around),
        wheel=wheel,
        placing=placing,
        metrics=metrics,
        config=live(TimerConfig),
        wall_ms=around.wall_ms,
    )
    service = TimerService(
        clock=around.reactor,
        store=around.store,
        wheel=wheel,
        placing=placing,
        delivering=delivering,
        keeping=keeping,
        config=live(TimerConfig),
        wall_ms=around.wall_ms,
    )
    timers.wakes.append(service.awake)

    def topic_changed(topic: str, config: TopicConfig | None) -> None:
        if config is None:
            metrics.forget_topic(topic)

    tables.topics.on_change(topic_changed)
    recall = RecallHandlers(
        topics=tables.topics,
        inner=inner,
        identity=live(BrokerIdentity),
        sending=live(SendConfig),
        config=live(TimerConfig),
        wall_ms=around.wall_ms,
    )
    asked = TimerHandlers(live(TimerConfig), keeping.progress, metrics)
    backlog = TimerBacklog(
        wheel=wheel,
        placing=placing,
        delivering=delivering,
        metrics=metrics,
        wall_ms=around.wall_ms,
    )
    parts = [RunningPart("timed messages", service, STOP_S)]
    figures = TimerFigures(backlog, live(MetricsConfig))
    handlers = [recall.table(), asked.table()]
    return Capability(handlers, parts, metrics=[figures.samples]), backlog
