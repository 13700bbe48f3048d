"""Whether route requests may be answered: not too early, not too late."""

from collections.abc import Callable

from twisted.application.service import Service

from twistedmq.config.namesrv import NamesrvConfig
from twistedmq.protocol.errors import TwistedMQError


class NotReadyError(TwistedMQError):
    """Too few brokers may be known now: an answer could be wrong."""

    def __init__(self) -> None:
        super().__init__("name server not ready")


class Readiness(Service):
    """Says no before the start, for a while after it if so set, and once stopping.

    Goes to the edge of the tree: it starts last and stops first, so that a client whose
    topic just vanished with its brokers' connections asks another name server.
    """

    def __init__(self, now: Callable[[], float], config: NamesrvConfig) -> None:
        """*now* gives seconds that never jump."""
        self._now = now
        self._wait_s = config.wait_for_service_ms / 1000 * config.wait_for_service
        self._ready_at_s: float | None = None

    def startService(self) -> None:
        """Begin to answer, or to wait."""
        super().startService()
        self._ready_at_s = self._now() + self._wait_s

    def stopService(self) -> None:
        """Answer no more."""
        super().stopService()
        self._ready_at_s = None

    @property
    def is_serving(self) -> bool:
        """Whether the name server is between its start and its stop."""
        return self._ready_at_s is not None

    def check(self) -> None:
        """Raise NotReadyError unless route requests may be answered."""
        if self._ready_at_s is None or self._now() < self._ready_at_s:
            raise NotReadyError
