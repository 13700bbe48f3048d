"""The servers of a cluster in memory: put together as the commands do, with no port."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

from twisted.internet.defer import Deferred, succeed

from twistedmq.app.broker import BrokerServer
from twistedmq.app.machine import Machine
from twistedmq.app.namesrv import NamesrvServer
from twistedmq.app.pipeline import PipelineService
from twistedmq.config.keys import KeyTable
from twistedmq.config.loading import Assignment, load_settings
from twistedmq.config.settings import LiveSettings
from twistedmq.config.tables import broker_keys, namesrv_keys
from twistedmq.protocol.addresses import format_address
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.memory_machine import MemoryMachine
from twistedmq.testing.memory_network import MemoryNetwork
from twistedmq.testing.workers import InlineWorkers

NAMESRV_PORT = 9876
BROKER_PORT = 10911

SMALL_FILES = {
    "mappedFileSizeCommitLog": str(8 * 1024 * 1024),
    "mappedFileSizeConsumeQueue": "20000",
    "maxHashSlotNum": "1000",
    "maxIndexNum": "4000",
    "mappedFileSizeTimerLog": str(1024 * 1024),
}
"""Files that are nothing but memory are not sparse."""


class NoSuchServerError(Exception):
    """A server was asked for that the cluster does not have."""


class ClusterServer:
    """A server that can be stopped, killed and started again, with its disk.

    Attributes:
        name: as the cluster calls it.
        host: its address.
        files: its disk.
        is_running: whether it was started and neither stopped nor killed.
    """

    def __init__(self, network: MemoryNetwork, name: str, host: str, port: int) -> None:
        self.name = name
        self.host = host
        self.port = port
        self.is_running = False
        self.files = FakeFiles()
        self.files.now_ns = lambda: network.clock.wall_ms() * 1_000_000
        self._network = network
        self._machine = MemoryMachine(network, host)
        self._tree: PipelineService | None = None
        network.names[name] = host

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return format_address(self.host, self.port)

    def start(self) -> Deferred[None]:
        """Start it; fires when it serves."""
        if self.is_running:
            return succeed(None)
        self._machine = MemoryMachine(self._network, self.host)
        failed: Deferred[None] = Deferred()
        tree = self._tree = PipelineService(self._machine, failed.errback)
        with ExitStack() as undo:
            self._make(self._machine, self._on(self._machine), undo).add_to(tree)
            undo.pop_all()
        self.is_running = True
        tree.ready.chainDeferred(failed)
        tree.startService()
        return failed

    def stop(self) -> Deferred[None]:
        """Stop it in order; fires when it has."""
        tree, self._tree = self._tree, None
        if tree is None or not self.is_running:
            return succeed(None)
        self.is_running = False
        stopping: Deferred[Any] = tree.stopService()
        return stopping.addCallback(lambda _: self._machine.halt())

    def kill(self) -> None:
        """End it as ``kill -9`` does: what is written stays on its disk."""
        self._die(self.files.copy(), silently=False)

    def lose_power(self) -> None:
        """End it with its machine: what was not synced is lost, and peers hear nothing.

        They find out by their own time-outs.
        """
        files = self.files.copy()
        files.kill_power()
        self._die(files, silently=True)

    def restart(self) -> Deferred[None]:
        """Stop in order, and start again."""
        return self.stop().addCallback(lambda _: self.start())

    def _die(self, files: FakeFiles, *, silently: bool) -> None:
        self.is_running = False
        self._tree = None
        self._machine.halt(silently=silently)
        files.now_ns = self.files.now_ns
        # what was killed may still hold the old ones
        self.files = files

    def _on(self, machine: MemoryMachine) -> Machine:
        random = self._network.random
        return Machine(
            wall_ms=self._network.clock.wall_ms,
            files=self.files,
            workers=lambda _reactor, _threads, _name: InlineWorkers(),
            listen=machine.bind,
            random=lambda: Random(random.getrandbits(64)),
        )

    def _make(self, reactor: Any, machine: Machine, undo: ExitStack) -> Any:
        raise NotImplementedError


class ClusterNameServer(ClusterServer):
    """A name server."""

    def __init__(
        self, network: MemoryNetwork, host: str, settings: Mapping[str, str]
    ) -> None:
        super().__init__(network, "namesrv", host, NAMESRV_PORT)
        self._settings = {
            "bindAddress": host,
            "listenPort": str(NAMESRV_PORT),
            "kvConfigPath": "/namesrv/kvConfig.json",
            "configStorePath": "/namesrv/namesrv.properties",
            **settings,
        }

    def _make(self, reactor: Any, machine: Machine, undo: ExitStack) -> NamesrvServer:
        settings = _settings_of(namesrv_keys(), self._settings)
        return NamesrvServer(reactor, settings, None, undo, machine=machine)


class ClusterBroker(ClusterServer):
    """A broker.

    Attributes:
        server: the broker itself while it runs.
    """

    server: BrokerServer

    def __init__(
        self,
        network: MemoryNetwork,
        name: str,
        host: str,
        nameservers: str,
        store: str,
        settings: Mapping[str, str],
    ) -> None:
        super().__init__(network, name, host, BROKER_PORT)
        self._store = store
        self._settings = {
            **(SMALL_FILES if store.startswith("file") else {}),
            "brokerName": name,
            "bindAddress": host,
            "brokerIP1": host,
            "listenPort": str(BROKER_PORT),
            "namesrvAddr": nameservers,
            "storePathRootDir": str(Path("/") / name),
            **settings,
        }

    def _make(self, reactor: Any, machine: Machine, undo: ExitStack) -> BrokerServer:
        settings = _settings_of(broker_keys(), self._settings)
        self.server = BrokerServer(
            reactor, settings, None, undo, self._store, machine=machine
        )
        return self.server


def _settings_of(table: KeyTable, texts: Mapping[str, str]) -> LiveSettings:
    given = [Assignment(key, text, "cluster") for key, text in texts.items()]
    return LiveSettings(load_settings(table, options=given))
