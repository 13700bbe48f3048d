"""What is remembered of broadcasting groups."""

from typing import Final

from twistedmq.app.wiring.capability import RunningPart
from twistedmq.app.wiring.surroundings import Surroundings
from twistedmq.app.wiring.tables import Tables
from twistedmq.broker.broadcast.offsets import BroadcastOffsets
from twistedmq.broker.broadcast.service import BroadcastService
from twistedmq.broker.offsets.bounds import QueueBounds
from twistedmq.config.broadcast import BroadcastConfig

STOP_LIMIT_S: Final = 2.0


def broadcast(
    around: Surroundings, tables: Tables
) -> tuple[BroadcastOffsets, RunningPart]:
    """Make what remembers how far the members of broadcasting groups are."""
    offsets = BroadcastOffsets(
        tables.offsets,
        QueueBounds(around.store),
        tables.clients,
        around.seconds,
        around.settings.live(BroadcastConfig),
    )
    service = BroadcastService(around.reactor, offsets)
    return offsets, RunningPart("broadcast offsets", service, STOP_LIMIT_S)
