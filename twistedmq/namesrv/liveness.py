"""Which brokers are heard of, over which connection, and for how long not."""

from collections.abc import Callable

from msgspec import Struct
from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from twistedmq.config.live import Live
from twistedmq.config.namesrv import NamesrvConfig
from twistedmq.namesrv.registrations import BrokerKey
from twistedmq.remoting.interfaces import IConnection

Gone = Callable[[BrokerKey, str], None]
"""Told of a broker that is gone, and in what way."""


class _Sign(Struct):
    connection: IConnection
    timeout_ms: int | None
    heard_s: float


class Liveness:
    """The signs of life of all brokers. *now* gives seconds that never jump."""

    def __init__(self, now: Callable[[], float], config: Live[NamesrvConfig]) -> None:
        self._now = now
        self._config = config
        self._gone: Gone = lambda key, how: None
        self._signs: dict[BrokerKey, _Sign] = {}
        self._over: dict[IConnection, set[BrokerKey]] = {}

    def on_gone(self, gone: Gone) -> None:
        """Have *gone* told of every broker that is not heard of any more."""
        self._gone = gone

    def registered(
        self, key: BrokerKey, connection: IConnection, timeout_ms: int | None
    ) -> bool:
        """Note a registration; the broker is gone when *connection* is.

        *timeout_ms* is how long the broker may be silent, if it named a time. Gives
        whether the broker was not waited for before.
        """
        before = self._signs.get(key)
        if before is not None and before.connection is not connection:
            self._leave(key, before.connection)
        self._signs[key] = _Sign(connection, timeout_ms, self._now())
        if connection not in self._over:
            self._over[connection] = set()
            connection.on_close(self._lost)
        self._over[connection].add(key)
        return before is None

    def heard(self, key: BrokerKey) -> None:
        """Note a sign of life of a broker that is registered."""
        sign = self._signs.get(key)
        if sign is not None:
            sign.heard_s = self._now()

    def forget(self, key: BrokerKey) -> None:
        """Do not wait for a broker any more."""
        sign = self._signs.pop(key, None)
        if sign is not None:
            self._leave(key, sign.connection)

    def scan(self) -> None:
        """Drop the brokers that have been silent for too long."""
        now, usual_ms = self._now(), self._config.value.inactive_after_ms
        for key, sign in list(self._signs.items()):
            limit_ms = usual_ms if sign.timeout_ms is None else sign.timeout_ms
            if now - sign.heard_s > limit_ms / 1000:
                self.forget(key)
                self._gone(key, f"silent for {limit_ms} ms")
                sign.connection.close(f"broker {key.address} is silent")

    def _leave(self, key: BrokerKey, connection: IConnection) -> None:
        keys = self._over.get(connection)
        if keys is not None:
            keys.discard(key)

    def _lost(self, connection: IConnection) -> None:
        for key in self._over.pop(connection, ()):
            if self._signs.pop(key, None) is not None:
                self._gone(key, "connection lost")


class LivenessScan(Service):
    """Looks for silent brokers, as often as the settings say."""

    _log = Logger()

    def __init__(
        self, clock: IReactorTime, liveness: Liveness, config: Live[NamesrvConfig]
    ) -> None:
        self._clock = clock
        self._liveness = liveness
        self._config = config
        self._call: IDelayedCall | None = None

    def startService(self) -> None:
        """Begin to look."""
        super().startService()
        self._wait()

    def stopService(self) -> None:
        """Look no more."""
        super().stopService()
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _wait(self) -> None:
        interval_s = self._config.value.scan_interval_ms / 1000
        self._call = self._clock.callLater(interval_s, self._scan)

    def _scan(self) -> None:
        try:
            self._liveness.scan()
        except Exception:
            self._log.failure("the scan for silent brokers failed")
        self._wait()
