"""``twist rmq-namesrv``: a name server."""

import socket
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.application.service import IService

from twistedmq.app.machine import Machine
from twistedmq.app.metrics_port import MetricsPort
from twistedmq.app.options import ServerOptions, Wanted
from twistedmq.app.pipeline import PipelineService, Step
from twistedmq.app.serving import (
    SERVER_STOP_S,
    SMALL_STOP_S,
    is_told,
    nothing_to_do,
    serve_alone,
    warn_of,
)
from twistedmq.config.metrics import MetricsConfig
from twistedmq.config.namesrv import AddressListConfig, NamesrvConfig
from twistedmq.config.remoting import RemotingConfig
from twistedmq.config.settings import LiveSettings, Settings
from twistedmq.config.tables import namesrv_keys
from twistedmq.metrics.registry import MetricsRegistry
from twistedmq.namesrv.figures import NamesrvFigures
from twistedmq.namesrv.service import NameServerService
from twistedmq.protocol.addresses import format_address
from twistedmq.protocol.headers.base import Header
from twistedmq.remoting.client import ClientPool
from twistedmq.remoting.dispatch import Dispatcher
from twistedmq.remoting.errors import PortInUseError
from twistedmq.remoting.figures import PortFigures
from twistedmq.remoting.interfaces import ITransportSecurity
from twistedmq.remoting.security import open_client_security
from twistedmq.remoting.server import RemotingServer
from twistedmq.remoting.timer_wheel import TimerWheel
from twistedmq.remoting.web_ports import WebPorts
from twistedmq.store.json_file import AtomicJsonFile

if TYPE_CHECKING:
    from twistedmq.remoting.web_site import WebPort

UNDER_DATA = {
    "kvConfigPath": "namesrv/kvConfig.json",
    "configStorePath": "namesrv/namesrv.properties",
}


def kept_changes(settings: Settings) -> Path:
    """Name the file that keeps changes made while running."""
    return settings[NamesrvConfig].config_path


WANTED = Wanted(namesrv_keys(), under_data=UNDER_DATA, kept_changes=kept_changes)


class Options(ServerOptions):
    """Options of the name server."""

    synopsis = "[options]"


class NamesrvServer:
    """A name server with its ports: bound when made, served when the tree starts."""

    def __init__(
        self,
        reactor: Any,
        settings: LiveSettings,
        security: ITransportSecurity | None,
        undo: ExitStack,
        web: WebPorts | None = None,
        machine: Machine | None = None,
    ) -> None:
        """Bind the ports; *undo* gives them back if the start is refused.

        Its web pages may share the ports in *web*. It runs on *machine*, this one
        where that is None.

        Raises: PortInUseError, OSError.
        """
        machine = machine or Machine()
        self._settings = settings
        self._workers = machine.workers(reactor, 1, "namesrv")
        undo.callback(self._workers.stop)
        config = settings.live(RemotingConfig).value
        wheel = TimerWheel(reactor)
        self._client = ClientPool(
            reactor,
            config,
            security=open_client_security(config),
            wheel=wheel,
            random=machine.random(),
        )
        kept = AtomicJsonFile(
            machine.files, settings.live(NamesrvConfig).value.kv_path, self._workers
        )
        self._service = NameServerService(
            reactor, settings, load=kept.load, save=kept.save, notify=self._notify
        )
        dispatcher = Dispatcher(self._service.table())
        self._server = RemotingServer(
            reactor,
            dispatcher,
            config,
            security=security,
            wheel=wheel,
            listen=machine.listen,
        )
        self.port = self._server.bind()
        undo.callback(self._server.unbind)
        self._host = config.listen_host
        web = web or WebPorts(reactor)
        self._http, self._runs_http = self._bind_http(web, undo)
        registry = self._registry(reactor)
        self._metrics = MetricsPort(
            settings.settings, self._host, web, self._workers, registry, undo
        )

    def _registry(self, reactor: Any) -> MetricsRegistry:
        config, name = self._settings.live(MetricsConfig), socket.gethostname()
        routes = NamesrvFigures(self._service.routes)
        ports = PortFigures({"main": self._server})
        registry = MetricsRegistry(
            reactor,
            lambda: {
                **dict(config.value.labels),
                "node_type": "nameserver",
                "node_id": name,
            },
            lambda: config.value.most_of_a_kind,
        )
        registry.add([routes.samples, ports.samples])
        return registry

    def _bind_http(
        self, web: WebPorts, undo: ExitStack
    ) -> "tuple[WebPort | None, bool]":
        """Bind the address list; where nobody asked for its port it may be in use."""
        live = self._settings.live(AddressListConfig)
        if not live.value.http_port:
            return None, False
        # twisted.web is heavy, and most name servers have no address list.
        from twistedmq.namesrv.address_list import PATH, AddressList  # noqa: PLC0415

        try:
            port, is_new = web.bound(self._host, live.value.http_port)
        except PortInUseError:
            if is_told(self._settings.settings, "nsaddrPort"):
                raise
            return None, False
        if is_new:
            undo.callback(port.unbind)
        port.pages.put(PATH, AddressList(live, lambda: self.port))
        return port, is_new

    def _notify(self, address: str, code: int, header: Header) -> None:
        sending = self._client.send_one_way(address, code, header)
        sending.addErrback(lambda _failure: None)  # the broker is away: it asks later

    def add_to(self, tree: PipelineService) -> None:
        """Put everything into its place in the tree."""
        warn_of(self._settings.settings)
        tree.add("name server threads", Step(nothing_to_do, self._workers.stop))
        tree.add("connections to brokers", Step(nothing_to_do, self._client.close), 1)
        tree.add("name server", self._service, SMALL_STOP_S)
        tree.add("name server port", self._server, SERVER_STOP_S)
        if self._http is not None and self._runs_http:
            tree.add("address list", self._http, SMALL_STOP_S)
        if self._metrics.new is not None:
            tree.add("name server metrics", self._metrics.new, SMALL_STOP_S)
        tree.add("name server readiness", self._service.readiness, SMALL_STOP_S)

    def lines(self) -> list[tuple[str, str]]:
        """Say where it listens."""
        lines = [("name server", format_address(self._host, self.port))]
        if self._http is not None:
            where = format_address(self._host, self._http.port)
            lines.append(("address list", f"http://{where}/rocketmq/nsaddr"))
        if not self._metrics.is_shared:
            lines.append(("metrics", f"http://{self._metrics.address}/metrics"))
        return lines


def makeService(options: Options) -> IService:
    """Make the name server; refuse what cannot start."""
    return serve_alone(options, WANTED, "name server", NamesrvServer)
