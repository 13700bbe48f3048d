"""``twist rmq-broker``: a broker."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from twisted.application.service import IService

from twistedmq.app.banner import SURVIVES
from twistedmq.app.broker_parts import BrokerParts, build_broker
from twistedmq.app.machine import Machine
from twistedmq.app.metrics_port import MetricsPort
from twistedmq.app.options import StoreOptions, Wanted
from twistedmq.app.own_address import advertised
from twistedmq.app.pipeline import PipelineService, Step
from twistedmq.app.serving import (
    OFFSETS_STOP_S,
    REGISTRATION_STOP_S,
    SERVER_STOP_S,
    SMALL_STOP_S,
    STORE_STOP_S,
    nothing_to_do,
    serve_alone,
    warn_of,
)
from twistedmq.app.stores import make_store
from twistedmq.app.wiring.surroundings import Surroundings
from twistedmq.config.broker import BrokerIdentity, RegistrationConfig
from twistedmq.config.remoting import RemotingConfig
from twistedmq.config.settings import LiveSettings, Settings
from twistedmq.config.store import StoreConfig
from twistedmq.config.tables import broker_keys
from twistedmq.ha.async_master import AsyncMaster
from twistedmq.protocol.addresses import format_address, pack
from twistedmq.remoting.client import ClientPool
from twistedmq.remoting.dispatch import Dispatcher
from twistedmq.remoting.figures import PortFigures
from twistedmq.remoting.interfaces import ITransportSecurity
from twistedmq.remoting.security import open_client_security
from twistedmq.remoting.server import (
    FAST_PORT_DISTANCE,
    NOT_ON_FAST_PORT,
    RemotingServer,
)
from twistedmq.remoting.timer_wheel import TimerWheel
from twistedmq.remoting.web_ports import WebPorts
from twistedmq.store.context import StoreContext
from twistedmq.store.interfaces import IMessageStore

UNDER_DATA = {"storePathRootDir": "store"}


def kept_changes(settings: Settings) -> Path:
    """Name the file that keeps changes made while running."""
    return settings[StoreConfig].root_directory / "config" / "broker.properties"


WANTED = Wanted(broker_keys(), under_data=UNDER_DATA, kept_changes=kept_changes)


class Options(StoreOptions):
    """Options of the broker."""

    synopsis = "[options]"


class BrokerServer:
    """A broker with its ports: bound and its store open when made."""

    def __init__(
        self,
        reactor: Any,
        settings: LiveSettings,
        security: ITransportSecurity | None,
        undo: ExitStack,
        store: str = "file",
        web: WebPorts | None = None,
        machine: Machine | None = None,
    ) -> None:
        """Open what a broker needs; *undo* closes it if the start is refused.

        Its web pages may share the ports in *web*. It runs on *machine*, this one
        where that is None.

        Raises: TwistedMQError, OSError.
        """
        config = settings.live(RemotingConfig).value
        machine = self._machine = machine or Machine()
        self._settings = settings
        self._wheel = TimerWheel(reactor)
        self._host = advertised(config.advertised_host, config.listen_host)
        self._port = config.listen_port
        self._client = ClientPool(
            reactor,
            config,
            security=open_client_security(config),
            wheel=self._wheel,
            random=machine.random(),
        )
        self._workers = machine.workers(reactor, 1, "tables")
        undo.callback(self._workers.stop)
        context = StoreContext(
            reactor,
            machine.wall_ms,
            settings.live(StoreConfig),
            AsyncMaster(),
            pack(self._host, self._port),
            files=machine.files,
            workers=machine.workers(
                reactor, settings.live(StoreConfig).value.reader_threads, "store"
            ),
        )
        self._store: IMessageStore = make_store(store, context)
        self._parts = self._build(reactor, context)
        self._main = self._serve(reactor, security, self._parts.dispatcher)
        self._fast = self._serve(
            reactor,
            security,
            self._parts.dispatcher.refusing(NOT_ON_FAST_PORT),
            self._port - FAST_PORT_DISTANCE,
        )
        ports = PortFigures({"main": self._main, "fast": self._fast})
        self._parts.metrics.add([ports.samples])
        self._main.on_stop(self._parts.let_go)
        for server in (self._main, self._fast):
            undo.callback(server.unbind)
            server.bind()
        self._metrics = MetricsPort(
            settings.settings,
            config.listen_host,
            web or WebPorts(reactor),
            self._workers,
            self._parts.metrics,
            undo,
        )
        self._store.start()  # last, so that a busy port opens no store

    def _serve(
        self,
        reactor: Any,
        security: ITransportSecurity | None,
        dispatcher: Dispatcher,
        port: int | None = None,
    ) -> RemotingServer:
        return RemotingServer(
            reactor,
            dispatcher,
            self._settings.live(RemotingConfig).value,
            port=port,
            security=security,
            wheel=self._wheel,
            listen=self._machine.listen,
        )

    def _build(self, reactor: Any, context: StoreContext) -> BrokerParts:
        return build_broker(
            Surroundings(
                reactor=reactor,
                settings=self._settings,
                wheel=self._wheel,
                context=context,
                store=self._store,
                workers=self._workers,
                client=self._client,
                host=self._host,
                port=self._port,
                random=self._machine.random(),
            )
        )

    def add_to(self, tree: PipelineService) -> None:
        """Put everything into its place in the tree."""
        warn_of(self._settings.settings)
        parts = self._parts
        tables = parts.tables
        tree.add("table threads", Step(nothing_to_do, self._workers.stop), SMALL_STOP_S)
        tree.add(
            "store", Step(lambda: self._store.ready, self._store.stop), STORE_STOP_S
        )
        tree.add("tables", Step(nothing_to_do, tables.save_now), SMALL_STOP_S)
        tree.add("consumer offsets", tables.offset_keeper, OFFSETS_STOP_S)
        tree.add("clients", parts.housekeeping, SMALL_STOP_S)
        for part in parts.services:
            tree.add(part.name, part.service, part.stop_limit_s)
        tree.add(
            "own connections", Step(nothing_to_do, self._client.close), SMALL_STOP_S
        )
        if self._metrics.new is not None:
            tree.add("metrics", self._metrics.new, SMALL_STOP_S)
        tree.add("fast port", self._fast, SERVER_STOP_S)
        tree.add("main port", self._main, SERVER_STOP_S)
        tree.add("registration", parts.registration, REGISTRATION_STOP_S)
        tree.add("advertised address", parts.address_check, SMALL_STOP_S)

    def lines(self) -> list[tuple[str, str]]:
        """Say where it listens and what an acknowledgement means."""
        settings = self._settings.settings
        identity, config = settings[BrokerIdentity], settings[RemotingConfig]
        name = f"{identity.broker_name} in {identity.cluster_name}"
        address = format_address(self._host, self._port)
        fast = self._port - FAST_PORT_DISTANCE
        lines = [("broker", f"{address} ({name}), fast port {fast}")]
        if config.listen_host != self._host:
            lines.append(("", f"listens on {config.listen_host}"))
        if not self._metrics.is_shared:
            lines.append(("metrics", f"http://{self._metrics.address}/metrics"))
        servers = ";".join(settings[RegistrationConfig].name_servers)
        lines.append(("registers with", servers or "no name server (see -n)"))
        lines.append(("data", str(settings[StoreConfig].root_directory)))
        lines.append(("a sent message is", SURVIVES[self._store.durability]))
        return lines


def makeService(options: Options) -> IService:
    """Make the broker; refuse what cannot start."""
    make = partial(BrokerServer, store=options["store"])
    return serve_alone(options, WANTED, "broker", make)
