"""The parts of a name server, put together."""

from collections.abc import Callable
from typing import Protocol

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from twistedmq.config.namesrv import NamesrvConfig
from twistedmq.config.settings import LiveSettings
from twistedmq.namesrv.broker_handlers import BrokerHandlers, Notify
from twistedmq.namesrv.client_handlers import ClientHandlers
from twistedmq.namesrv.config_handlers import ConfigHandlers
from twistedmq.namesrv.kv import KeyValues, Save, readable
from twistedmq.namesrv.kv_handlers import KvHandlers
from twistedmq.namesrv.liveness import Liveness, LivenessScan
from twistedmq.namesrv.readiness import Readiness
from twistedmq.namesrv.routes import RouteTable
from twistedmq.remoting.interfaces import Handler
from twistedmq.remoting.timer_wheel import monotonic_of


class Load(Protocol):
    """Gives what was kept, the first version of it that *accept* does not refuse."""

    def __call__(self, accept: Callable[[bytes], object] | None = None) -> bytes | None:
        """Give it; *accept* raises ValueError for what cannot be read."""


class NameServerService(Service):
    """A name server without its ports.

    In the tree: this one, then the listening port with ``table()``, then ``readiness``
    at the edge, which starts last and stops first.

    Attributes:
        routes: which brokers there are and what they hold.
        liveness: which of them are heard of.
        values: the key-value table.
        readiness: whether routes may be told.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        settings: LiveSettings,
        *,
        load: Load,
        save: Save,
        notify: Notify = lambda address, code, header: None,
    ) -> None:
        """*load* and *save* keep the key-value table.

        *notify* sends a request that wants no answer to a broker's address.
        """
        config = settings.live(NamesrvConfig)
        now = monotonic_of(clock)
        self._load = load
        self.routes = RouteTable(config)
        self.readiness = Readiness(now, config.value)
        self.values = KeyValues(save, lambda: config.value.max_kv_bytes)
        self.liveness = Liveness(now, config)
        brokers = BrokerHandlers(
            self.routes, self.liveness, self.values, config, self.readiness, notify
        )
        clients = ClientHandlers(self.routes, self.values, config, self.readiness)
        self._handlers = (
            brokers,
            clients,
            KvHandlers(self.values),
            ConfigHandlers(settings),
        )
        self._scan = LivenessScan(clock, self.liveness, config)

    def table(self) -> dict[int, Handler]:
        """Give all handlers by code."""
        return {
            code: handler
            for part in self._handlers
            for code, handler in part.table().items()
        }

    def startService(self) -> None:
        """Read what was kept, then look for silent brokers from time to time.

        Raises: FieldError, OSError, if what was kept cannot be read.
        """
        super().startService()
        kept = self._load(readable)
        # Where nothing is readable, what is there must not be taken for nothing.
        self.values.load(self._load() if kept is None else kept)
        self._scan.startService()

    def stopService(self) -> None:
        """Look no more."""
        super().stopService()
        self._scan.stopService()
