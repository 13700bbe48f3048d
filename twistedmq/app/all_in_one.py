"""``twist rmq``: a name server and a broker in one process, without configuration."""

from collections.abc import Iterable
from dataclasses import replace

from twisted.application.service import IService

from twistedmq.app import broker, namesrv
from twistedmq.app.banner import banner, hints
from twistedmq.app.broker import BrokerServer
from twistedmq.app.fatal import FatalErrors
from twistedmq.app.metrics_port import PORT_KEY
from twistedmq.app.namesrv import NamesrvServer
from twistedmq.app.options import StoreOptions, print_if_asked, read_settings
from twistedmq.app.pipeline import PipelineService
from twistedmq.app.serving import (
    change_path,
    finish,
    is_told,
    live_settings,
    log_as_set,
    refusing,
    running_reactor,
    security_of,
)
from twistedmq.config.broker import RegistrationConfig
from twistedmq.config.metrics import PROMETHEUS
from twistedmq.config.namesrv import AddressListConfig
from twistedmq.config.remoting import RemotingConfig
from twistedmq.config.settings import Settings
from twistedmq.config.tables import NAMESRV_PORT
from twistedmq.protocol.addresses import format_address, parse_address
from twistedmq.remoting.listening import ANY
from twistedmq.remoting.web_ports import WebPorts

DATA = "data"
LOOPBACK = "127.0.0.1"
HTTP_PORT = 8080
"""Where genuine clients ask for the list of name servers."""

_METRICS = {
    "metricsExporterType": PROMETHEUS,
    "metricsPromExporterPort": str(HTTP_PORT),
}
BROKER = replace(broker.WANTED, defaults={"bindAddress": LOOPBACK, **_METRICS})
NAMESRV = replace(
    namesrv.WANTED,
    defaults={"bindAddress": LOOPBACK, "nsaddrPort": str(HTTP_PORT), **_METRICS},
    not_mine=frozenset({"listenPort"}),
)


class Options(StoreOptions):
    """Options of name server and broker; the broker's settings go before.

    The port of the name server is that of the first address of this machine among
    the name servers (-n), and 9876 without one.
    """

    synopsis = "[options]"


def own_name_server(
    name_servers: Iterable[str], listen_host: str
) -> tuple[int, tuple[str, ...]]:
    """Give the port of our own name server, and all that the broker registers with."""
    listed = tuple(name_servers)
    here = {LOOPBACK, "localhost", "::1", listen_host}
    for address in listed:
        host, port = parse_address(address)
        if host in here:
            return port, listed
    host = LOOPBACK if listen_host in ANY else listen_host
    return NAMESRV_PORT, (format_address(host, NAMESRV_PORT), *listed)


def joined(of_broker: Settings, of_namesrv: Settings) -> tuple[Settings, Settings]:
    """Give both settings such that the broker finds our own name server."""
    port, name_servers = own_name_server(
        of_broker[RegistrationConfig].name_servers,
        of_broker[RemotingConfig].listen_host,
    )
    where = of_broker.places.get("namesrvAddr", "default")
    return (
        _with_one_page(
            of_broker.changed({"namesrvAddr": name_servers}, where), of_namesrv
        ),
        _with_one_page(of_namesrv.changed({"listenPort": port}, where), of_namesrv),
    )


def _with_one_page(settings: Settings, of_namesrv: Settings) -> Settings:
    """Have the figures where the list of name servers is, unless told otherwise."""
    port = of_namesrv[AddressListConfig].http_port
    if not port or is_told(settings, PORT_KEY):
        return settings
    where = of_namesrv.places.get("nsaddrPort", "default")
    return settings.changed({PORT_KEY: port}, where)


def makeService(options: Options) -> IService:
    """Make both servers; refuse what cannot start."""
    reactor = running_reactor()
    with refusing() as undo:
        found = read_settings(options, [BROKER, NAMESRV], data=DATA)
        of_broker, of_namesrv = joined(*found)
        print_if_asked(options, [of_broker, of_namesrv])
        log_as_set(options, of_broker)
        security = security_of(of_broker)
        web = WebPorts(reactor)
        names = NamesrvServer(
            reactor,
            live_settings(of_namesrv, change_path(options, NAMESRV, of_namesrv)),
            security,
            undo,
            web,
        )
        messages = BrokerServer(
            reactor,
            live_settings(of_broker, change_path(options, BROKER, of_broker)),
            security,
            undo,
            options["store"],
            web,
        )
        tree = PipelineService(reactor, FatalErrors(reactor))
        names.add_to(tree)
        messages.add_to(tree)
        paste = hints(of_broker[RegistrationConfig].name_servers[0])
        return finish(
            tree,
            lambda: banner(
                "name server and broker", [*names.lines(), *messages.lines()], paste
            ),
        )
