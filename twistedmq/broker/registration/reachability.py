"""Finds out whether the address that clients are told leads here.

A broker in a container, or behind a translated address, registers happily with an
address nobody can reach; what users see is that clients find no broker.
"""

from collections.abc import Callable
from typing import Final

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.config.live import Live
from twistedmq.config.reachability import ReachabilityConfig

AGAIN_WHILE_FAILING_S: Final = 60.0
AGAIN_S: Final = 600.0
"""Networks change while a broker runs."""

Dial = Callable[[float], Deferred[None]]
"""Connects to the advertised address, within so many seconds, and disconnects."""


class AdvertisedAddressCheck(Service):
    """Dials the broker's own address in the background, beginning at the start.

    Says once that it cannot be reached, and once that it can again.

    Args:
        clock: for the pauses between.
        config: whether to, and the time limit.
        address: HOST:PORT as clients are told.
        dial: connects to it.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        config: Live[ReachabilityConfig],
        address: str,
        dial: Dial,
    ) -> None:
        self._clock = clock
        self._config = config
        self._address = address
        self._dial = dial
        self._dialling: Deferred[None] | None = None
        self._next: IDelayedCall | None = None
        self.reachable: bool | None = None
        """None before the first attempt is over."""

    def startService(self) -> None:
        """Begin; the start does not wait."""
        super().startService()
        self._check()

    def stopService(self) -> None:
        """Dial no more."""
        super().stopService()
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if self._dialling is not None:
            self._dialling.cancel()

    def _check(self) -> None:
        self._next = None
        config = self._config.value
        if not config.dial_back:
            self._later(AGAIN_S)
            return
        self._dialling = self._dial(config.dial_back_timeout_ms / 1000)
        self._dialling.addCallbacks(self._reached, self._failed)
        self._dialling.addErrback(
            lambda failure: self._log.failure("the address check failed", failure)
        )

    def _reached(self, _: None) -> None:
        self._dialling = None
        if self.reachable is False:
            self._log.info(
                "{address}, as clients are told, can be reached now",
                address=self._address,
            )
        self.reachable = True
        self._later(AGAIN_S)

    def _failed(self, failure: Failure) -> None:
        self._dialling = None
        if failure.check(CancelledError) and not self.running:
            return
        if self.reachable is not False:
            self._log.warn(
                "clients are told to connect to {address}, and from this machine that "
                "fails: {problem}. If it fails for them too, set brokerIP1 to an "
                "address of this broker that they reach",
                address=self._address,
                problem=failure.getErrorMessage().rstrip("."),
            )
        self.reachable = False
        self._later(AGAIN_WHILE_FAILING_S)

    def _later(self, seconds: float) -> None:
        if self.running:
            self._next = self._clock.callLater(seconds, self._check)
