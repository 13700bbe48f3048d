"""A broker, put together of its capabilities: the one place where all are seen at once.

Each part is given exactly what it uses. What comes out has handlers for the ports and
services for the tree; nothing keeps hold of the whole.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from twisted.application.service import IService

from twistedmq.app.wiring.admin import admin
from twistedmq.app.wiring.assignment import assignment
from twistedmq.app.wiring.capability import Capability, RunningPart
from twistedmq.app.wiring.clients import clients
from twistedmq.app.wiring.delay import delay
from twistedmq.app.wiring.figures import figures, metrics_registry
from twistedmq.app.wiring.filters import filters
from twistedmq.app.wiring.flow import Flow
from twistedmq.app.wiring.inner import diversions, inner_writer
from twistedmq.app.wiring.pop import pops
from twistedmq.app.wiring.pulls import pulls
from twistedmq.app.wiring.reading import reading
from twistedmq.app.wiring.registration import address_check, registration_service
from twistedmq.app.wiring.sends import send_back, sends
from twistedmq.app.wiring.settled import all_settled
from twistedmq.app.wiring.surroundings import Surroundings
from twistedmq.app.wiring.tables import Tables, build_tables
from twistedmq.app.wiring.timer import new_timers, timer
from twistedmq.app.wiring.transactions import transactions
from twistedmq.broker.clients.housekeeping import ClientHousekeeping
from twistedmq.broker.clients.notifier import RebalanceNotifier
from twistedmq.broker.pop.held import HeldPops
from twistedmq.broker.pull.held import HeldPulls
from twistedmq.broker.registration.service import RegistrationService
from twistedmq.broker.send.handlers import SendHandlers
from twistedmq.config.broker import BrokerLimits, ClientExpiry, GroupDefaults
from twistedmq.config.pop import PopConfig
from twistedmq.metrics.registry import MetricsRegistry
from twistedmq.remoting.dispatch import Dispatcher

T = TypeVar("T")


@dataclass
class BrokerParts:
    """A broker without its ports."""

    dispatcher: Dispatcher
    tables: Tables
    held: HeldPulls
    held_pops: HeldPops
    held_notices: HeldPops
    flow: Flow
    send: SendHandlers
    registration: RegistrationService
    address_check: IService
    housekeeping: IService
    metrics: MetricsRegistry
    services: list[RunningPart]
    """What runs by itself, in the order of starting."""

    def let_go(self) -> None:
        """Refuse new messages and answer what waits: the broker stops."""
        self.send.close()
        self.held.wake_all()
        self.held_pops.close()
        self.held_notices.close()
        self.flow.stop()


def build_broker(around: Surroundings) -> BrokerParts:
    """Put a broker together."""
    live = around.settings.live
    tables = build_tables(around)
    held = HeldPulls(around.reactor, around.wheel, around.store, live(BrokerLimits))
    held_pops = HeldPops(around.reactor, around.wheel, around.store, live(PopConfig))
    notices = HeldPops(around.reactor, around.wheel, around.store, live(PopConfig))
    notifier = RebalanceNotifier(around.reactor, live(GroupDefaults))
    tables.clients.on_change(notifier.group_changed)
    registration = registration_service(around, tables)
    settled = all_settled(tables.topic_file.saved, registration.settled)
    timers = new_timers(around)
    diverted = diversions(around, tables, timers)
    inner = inner_writer(around, tables, diverted, settled)
    timed, timer_backlog = timer(around, tables, inner, timers)
    flow = Flow(around, tables)
    delayed, delay_figures = delay(around, tables, inner)
    send = sends(around, tables, diverted, settled)
    send.limit(flow.quotas)
    capabilities: list[Capability] = [
        send_back(around, tables, inner),
        delayed,
        timed,
        pulls(around, tables, held),
        pops(
            around,
            tables,
            held_pops,
            notices,
            inner,
            timer_backlog,
            timers.diversion.slot_for,
        ),
        reading(around, tables, held),
        clients(around, tables),
        filters(around, tables),
        assignment(around, tables),
        admin(around, tables, settled, timer_backlog, delay_figures),
        figures(around, tables, held),
        transactions(around, tables, inner),
        flow.capability,
    ]
    handlers = merge(part.handlers for part in capabilities)
    batches = merge([[send.batch_table()], *(part.batches for part in capabilities)])
    metrics = metrics_registry(around)
    metrics.add(source for part in capabilities for source in part.metrics)
    return BrokerParts(
        dispatcher=flow.dispatcher(handlers, batches),
        tables=tables,
        held=held,
        held_pops=held_pops,
        held_notices=notices,
        flow=flow,
        send=send,
        registration=registration,
        address_check=address_check(around),
        housekeeping=ClientHousekeeping(
            around.reactor, around.seconds, tables.clients, live(ClientExpiry)
        ),
        metrics=metrics,
        services=[service for part in capabilities for service in part.services],
    )


def merge(groups: Iterable[Iterable[Mapping[int, T]]]) -> dict[int, T]:
    """Put handler tables together.

    Raises: ValueError, if two parts want the same request code.
    """
    merged: dict[int, T] = {}
    for table in (table for tables in groups for table in tables):
        if twice := merged.keys() & table.keys():
            raise ValueError(f"request codes {sorted(twice)} have two handlers")
        merged.update(table)
    return merged
