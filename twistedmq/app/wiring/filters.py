"""What groups filter by, kept for genuine brokers on the same files."""

from twistedmq.app.stores import table_file
from twistedmq.app.wiring.capability import Capability, RunningPart
from twistedmq.app.wiring.surroundings import Surroundings
from twistedmq.app.wiring.tables import Tables
from twistedmq.broker.filters.file import FilterFile
from twistedmq.broker.filters.table import ConsumerFilters
from twistedmq.config.filters import FilterDataConfig

STOP_S = 5.0


def filters(around: Surroundings, tables: Tables) -> Capability:
    """Join consumerFilter.json and the clients that it tells of."""
    known = ConsumerFilters(around.settings.live(FilterDataConfig), around.wall_ms)
    path = around.context.directory / "config" / "consumerFilter.json"
    file = FilterFile(
        around.reactor,
        table_file(around.store, around.context.files, path, around.workers),
        known,
    )
    file.load()
    tables.clients.on_wishes(known.group_changed)
    return Capability(services=[RunningPart("consumer filters", file, STOP_S)])
