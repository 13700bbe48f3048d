"""What the broker stores by its own doing, and the messages that wait somewhere."""

from twistedmq.app.wiring.delay import levels_of
from twistedmq.app.wiring.settled import Settled, all_settled
from twistedmq.app.wiring.surroundings import Surroundings
from twistedmq.app.wiring.tables import Tables
from twistedmq.app.wiring.timer import Timers
from twistedmq.app.wiring.transactions import half_diversion
from twistedmq.broker.delay.diversion import DelayDiversion
from twistedmq.broker.inner.diversion import Diversion, Diversions
from twistedmq.broker.inner.writer import InnerWriter


def diversions(around: Surroundings, tables: Tables, timers: Timers) -> Diversions:
    """Collect the diversions, in the order in which they are asked."""
    later: list[Diversion] = [
        timers.diversion,
        DelayDiversion(levels_of(around)),
    ]
    return Diversions([half_diversion(around, tables, Diversions(later)), *later])


def inner_writer(
    around: Surroundings, tables: Tables, diverted: Diversions, settled: Settled
) -> InnerWriter:
    """Make what stores the broker's own messages.

    Those may be about a group that is new: what was lent to one that nobody knows after
    a crash would not come back.
    """
    known = all_settled(settled, tables.group_file.saved)
    return InnerWriter(around.store, tables.counters, diverted, known)
