"""Telling brokers, again and again, that this client lives and what it wants."""

from collections.abc import Callable, Iterable

from twisted.internet.defer import Deferred, DeferredList
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.client.calls import BrokerCalls
from twistedmq.client.deferreds import follow
from twistedmq.client.reactor import Clock
from twistedmq.client.routing import MASTER_ID, Routes
from twistedmq.protocol.bodies.clients import HeartbeatData
from twistedmq.remoting.periodic import PeriodicCall

PERIOD_S = 30.0

_log = Logger()


class Heartbeats:
    """Heartbeats to all known brokers, every 30 s and at once to a broker that is new.

    Args:
        routes: which brokers there are.
        calls: how to ask them.
        clock: for the period.
        data: gives what is told, fresh each time.
        masters_only: whether slaves need not know (producers).
    """

    def __init__(
        self,
        routes: Routes,
        calls: BrokerCalls,
        clock: Clock,
        data: Callable[[], HeartbeatData],
        *,
        masters_only: bool,
    ) -> None:
        self._routes = routes
        self._calls = calls
        self._data = data
        self._masters_only = masters_only
        self._known: set[str] = set()
        self._running = False
        self._introducing = False
        self._loop = PeriodicCall(self.beat, clock)
        routes.on_change(self._route_changed)

    def start(self, period_s: float = PERIOD_S) -> Deferred[None]:
        """Fires when all brokers known so far have answered, or failed to."""
        self._running = True
        first = self.beat()
        self._loop.start(period_s, now=False)
        return follow(first)  # who waits no more does not take the heartbeats back

    def stop(self) -> None:
        """Send no more."""
        self._running = False
        if self._loop.running:
            self._loop.stop()

    def beat(self) -> Deferred[None]:
        """Tell all brokers now."""
        addresses = self.addresses()
        self._known = set(addresses)
        return self._tell(addresses)

    def introduce(self) -> None:
        """Tell all brokers, since one does not know us; once for all who ask."""
        if not self._introducing:
            self._introducing = True
            self.beat().addCallback(self._introduced)

    def addresses(self) -> list[str]:
        """Give the addresses of the brokers that are told."""
        return [
            address
            for address, broker_id in self._routes.all_addresses().items()
            if broker_id == MASTER_ID or not self._masters_only
        ]

    def _introduced(self, _: None) -> None:
        self._introducing = False

    def _route_changed(self, _topic: str) -> None:
        new = set(self.addresses()) - self._known
        if new and self._running:
            self._known |= new
            self._tell(new)

    def _tell(self, addresses: Iterable[str]) -> Deferred[None]:
        data = self._data()
        beats = [
            self._calls.heartbeat(address, data).addErrback(self._unheard, address)
            for address in addresses
        ]
        return DeferredList(beats).addCallback(lambda _: None)

    def _unheard(self, failure: Failure, address: str) -> None:
        _log.warn(
            "broker {address} did not take a heartbeat: {reason}",
            address=address,
            reason=failure.getErrorMessage(),
        )
