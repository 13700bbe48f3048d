"""Messages that wait for their delay level."""

from collections.abc import Callable, Mapping

from twistedmq.app.stores import table_file
from twistedmq.app.wiring.capability import Capability, RunningPart
from twistedmq.app.wiring.surroundings import Surroundings
from twistedmq.app.wiring.tables import Tables
from twistedmq.broker.delay.file import DelayOffsetFile
from twistedmq.broker.delay.handlers import DelayHandlers
from twistedmq.broker.delay.progress import DelayProgress
from twistedmq.broker.delay.service import DelayService
from twistedmq.broker.inner.writer import InnerWriter
from twistedmq.config.delay import DelayConfig
from twistedmq.config.store import StoreConfig
from twistedmq.protocol.names import SCHEDULE_CONSUMER_GROUP, SCHEDULE_TOPIC
from twistedmq.store.delay_levels import DelayLevels

STOP_S = 10.0


def levels_of(around: Surroundings) -> DelayLevels:
    """Give the delays of the settings; they hold until the next start."""
    return DelayLevels(around.settings.live(StoreConfig).value.delay_levels)


Figures = Callable[[], Mapping[str, object]]


def delay(
    around: Surroundings, tables: Tables, inner: InnerWriter
) -> tuple[Capability, Figures]:
    """Join what delivers messages when their delay is over; gives its figures, too."""
    config = around.settings.live(DelayConfig)
    progress = DelayProgress(config, around.wall_ms)
    path = around.context.directory / "config" / "delayOffset.json"
    file = DelayOffsetFile(
        around.reactor,
        table_file(around.store, around.context.files, path, around.workers),
        progress,
        config,
    )
    file.load()
    counters = tables.counters

    def delivered(queue_id: int, number: int, size: int) -> None:
        if config.value.are_counted:
            reader = SCHEDULE_CONSUMER_GROUP
            counters.queue_got(SCHEDULE_TOPIC, queue_id, reader, number, size)
            counters.pulled(SCHEDULE_TOPIC, reader, number, size)

    service = DelayService(
        clock=around.reactor,
        seconds=around.seconds,
        wall_ms=around.wall_ms,
        store=around.store,
        inner=inner,
        levels=levels_of(around),
        progress=progress,
        delivered=delivered,
    )
    handlers = DelayHandlers(progress, around.store)
    parts = [
        RunningPart("delay offsets", file, STOP_S),
        RunningPart("delayed messages", service, STOP_S),
    ]
    return Capability([handlers.table()], parts), handlers.runtime_figures
