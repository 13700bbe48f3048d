"""What is written to the disk every so often, and at the end."""

from collections.abc import Callable

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime


class SavingService(Service):
    """Saves something while it runs; subclasses say what, by ``_save``.

    Args:
        clock: when to save.
        interval_ms: how often; asked each time, as it may be a setting that changes.
    """

    def __init__(self, clock: IReactorTime, interval_ms: Callable[[], int]) -> None:
        self._clock = clock
        self._interval_ms = interval_ms
        self._next: IDelayedCall | None = None

    def _save(self) -> Deferred[None] | None:
        """Begin to write what has changed; None if that is nothing.

        Fires when it is done, or has failed; a failure has been logged then.
        """
        raise NotImplementedError

    def _due(self) -> None:
        """Save, as it is time."""
        self._save()

    def startService(self) -> None:
        """Save from now on."""
        super().startService()
        self._schedule()

    def stopService(self) -> Deferred[None]:
        """Save what is left; fires when that is done, or has failed and was logged."""
        super().stopService()
        if self._next is not None:
            self._next.cancel()
            self._next = None
        return self._save() or succeed(None)

    def _schedule(self) -> None:
        self._next = self._clock.callLater(self._interval_ms() / 1000, self._round)

    def _round(self) -> None:
        self._schedule()
        self._due()
