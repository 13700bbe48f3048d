"""Registration with the name servers."""

from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.protocol import Factory, Protocol

from twistedmq.app.wiring.surroundings import Surroundings
from twistedmq.app.wiring.tables import Tables
from twistedmq.broker.registration.name_servers import NameServers, page_fetcher
from twistedmq.broker.registration.reachability import AdvertisedAddressCheck
from twistedmq.broker.registration.service import RegistrationService
from twistedmq.config.broker import BrokerIdentity, RegistrationConfig
from twistedmq.config.reachability import ReachabilityConfig
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


def address_check(around: Surroundings) -> AdvertisedAddressCheck:
    """Make what dials the address that clients are told."""
    return AdvertisedAddressCheck(
        around.reactor,
        around.settings.live(ReachabilityConfig),
        around.address,
        partial(_dial, around),
    )


def _dial(around: Surroundings, timeout_s: float) -> Deferred[None]:
    """Connect, and disconnect at once."""
    endpoint = HostnameEndpoint(around.reactor, around.host, around.port, timeout_s)
    factory = Factory.forProtocol(Protocol)
    factory.noisy = False
    connecting = endpoint.connect(factory)

    def hang_up(connected: Any) -> None:
        connected.transport.loseConnection()

    return connecting.addCallback(hang_up)
