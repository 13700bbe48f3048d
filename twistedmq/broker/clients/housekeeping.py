"""Takes silent clients out of the client manager, by the clock."""

from collections.abc import Callable
from typing import Final

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from twistedmq.broker.clients.manager import ClientManager
from twistedmq.config.broker import ClientExpiry
from twistedmq.config.live import Live
from twistedmq.remoting.periodic import PeriodicCall

SCAN_S: Final = 10.0


class ClientHousekeeping(Service):
    """Looks every ten seconds for clients that are not heard of any more."""

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        seconds: Callable[[], float],
        clients: ClientManager,
        config: Live[ClientExpiry],
    ) -> None:
        """Use *clock* for rounds; *seconds* is the clock that stamps heartbeats."""
        self._seconds = seconds
        self._clients = clients
        self._config = config
        self._loop = PeriodicCall(self._scan, clock)
        self._pulls_kept_until_s = 0.0

    def startService(self) -> None:
        """Begin with a first look in ten seconds."""
        super().startService()
        self._keep_pulls()
        self._loop.start(SCAN_S, now=False)

    def stopService(self) -> None:
        """Look no more."""
        super().stopService()
        if self._loop.running:
            self._loop.stop()

    def _scan(self) -> None:
        now_s = self._seconds()
        limit_s = self._config.value.channel_expired_ms / 1000
        for member in self._clients.expire(now_s - limit_s):
            self._log.warn(
                "client {client_id} at {peer} was silent for {limit_s:g} s",
                client_id=member.client_id,
                peer=member.connection.peer,
                limit_s=limit_s,
            )
        if now_s >= self._pulls_kept_until_s:
            self._clients.forget_old_pulls()
            self._keep_pulls()

    def _keep_pulls(self) -> None:
        kept_s = self._config.value.subscription_expired_ms / 1000
        self._pulls_kept_until_s = self._seconds() + kept_s
