"""Registration with the name servers."""

from twistedmq.app.wiring.surroundings import Surroundings
from twistedmq.app.wiring.tables import Tables
from twistedmq.broker.registration.name_servers import NameServers, page_fetcher
from twistedmq.broker.registration.service import RegistrationService
from twistedmq.config.broker import BrokerIdentity, RegistrationConfig
from twistedmq.protocol.addresses import format_address


def name_servers(around: Surroundings) -> NameServers:
    """Make what finds the name servers."""
    return NameServers(
        around.settings.live(RegistrationConfig),
        around.seconds,
        around.reactor.nameResolver,
        page_fetcher(around.reactor),
    )


def registration_service(around: Surroundings, tables: Tables) -> RegistrationService:
    """Make what registers the broker."""
    live = around.settings.live
    ha_address = format_address(around.host, around.port + 1)
    return RegistrationService(
        around.reactor,
        live(BrokerIdentity),
        live(RegistrationConfig),
        tables.topics,
        name_servers(around),
        around.client,
        lambda: (around.address, ha_address),
    )
