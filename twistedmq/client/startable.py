"""What producers, consumers, readers and admins have in common: start and close."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import ClassVar, Self

from twisted.internet.defer import CancelledError, Deferred, succeed

from twistedmq.client.deferreds import follow
from twistedmq.client.errors import NotRunningError
from twistedmq.client.session import Session
from twistedmq.client.shutdown import Leaving, close_at_shutdown


class Startable(ABC):
    """Is started and closed, once each, by hand or by ``async with``.

    A start that fails, is cancelled, or is overtaken by ``close`` leaves nothing open.
    What is open when its reactor shuts down is closed then.

    Args:
        session: what it stands on; ``_close`` closes it.
        patience_s: how long what is in work may take at a shutdown.
    """

    _receives: ClassVar[bool] = False
    """Whether it gives messages to loops; see ``shutdown``."""

    def __init__(self, session: Session, patience_s: float = 0.0) -> None:
        self._session = session
        self._running = False
        self._starting: Deferred[Exception | None] | None = None
        """Fires with what went wrong, so that all who started it hear of it."""
        self._closing: Deferred[None] | None = None
        self._patience_s = patience_s
        self._call_off: Callable[[], None] | None = None

    def start(self) -> Deferred[Self]:
        """Begin; fires with itself, at once where it runs.

        Cancelling it closes. Fails with NotRunningError where it was closed.
        """
        return Deferred.fromCoroutine(self._begin())

    def close(self) -> Deferred[None]:
        """End, if it runs or starts; fires when all is done, whoever asked first."""
        if self._closing is None:
            if self._starting is None:
                return succeed(None)
            self._running = False
            self._closing = Deferred()  # there before anybody hears of the end
            ending = Deferred.fromCoroutine(self._end(self._starting))
            ending.addBoth(self._closing.callback)
        return follow(self._closing)

    async def __aenter__(self) -> Self:
        """Start."""
        return await self.start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        self._left(cleanly=kind is None)
        await self.close()

    async def _begin(self) -> Self:
        if self._starting is None:
            self._starting = Deferred.fromCoroutine(self._started())
        try:
            error = await follow(self._starting)
        except CancelledError:
            await self.close()
            raise
        if error is not None and not isinstance(error, CancelledError):
            await self.close()
            raise error
        if self._closing is not None:
            raise self._not_running()
        return self

    async def _started(self) -> Exception | None:
        try:
            await self._start()
        except Exception as error:
            return error
        if self._closing is None:
            leaving = Leaving(
                type(self).__name__,
                self._receives,
                self._wind_up,
                self.close,
                self._patience_s,
            )
            self._call_off = close_at_shutdown(self._session.reactor, leaving)
        return None

    async def _end(self, starting: Deferred[Exception | None]) -> None:
        starting.cancel()
        await follow(starting)
        self._running = False  # what starts may not have noticed that it is cancelled
        try:
            await self._close()
        finally:
            call_off, self._call_off = self._call_off, None
            if call_off is not None:
                call_off()

    def _must_run(self) -> None:
        if not self._running:
            raise self._not_running()

    def _not_running(self) -> NotRunningError:
        return NotRunningError(type(self).__name__, closed=self._closing is not None)

    @abstractmethod
    async def _start(self) -> None:
        """Start; sets ``_running`` as soon as it can be used."""

    @abstractmethod
    async def _close(self) -> None:
        """Close what was opened; called once, also where the start failed half way.

        ``_running`` is False by then.
        """

    def _wind_up(self) -> Deferred[None]:
        """Have the loops end at a shutdown; fires when they have nothing in work."""
        return succeed(None)

    def _left(self, *, cleanly: bool) -> None:  # noqa: B027 - few have to do then
        """Called when ``async with`` is left, before it is closed."""
