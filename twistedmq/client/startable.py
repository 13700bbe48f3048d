"""What producers, consumers, readers and admins have in common: start and close."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import ClassVar, Self

from twisted.internet.defer import Deferred, succeed

from twistedmq.client.deferreds import follow
from twistedmq.client.session import Session
from twistedmq.client.shutdown import Leaving, close_at_shutdown


class Startable(ABC):
    """Is started and closed, by hand or by ``async with``.

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
        self._closing: Deferred[None] = succeed(None)
        self._patience_s = patience_s
        self._call_off: Callable[[], None] | None = None

    def start(self) -> Deferred[Self]:
        """Begin; fires with itself."""
        return Deferred.fromCoroutine(self._started())

    def close(self) -> Deferred[None]:
        """End, if it runs; fires when all is done, whoever asked for it first."""
        if self._running:
            self._running = False
            self._closing = Deferred.fromCoroutine(self._end())
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

    async def _started(self) -> Self:
        await self._start()
        if self._running:
            leaving = Leaving(
                type(self).__name__,
                self._receives,
                self._wind_up,
                self.close,
                self._patience_s,
            )
            self._call_off = close_at_shutdown(self._session.reactor, leaving)
        return self

    async def _end(self) -> None:
        try:
            await self._close()
        finally:
            call_off, self._call_off = self._call_off, None
            if call_off is not None:
                call_off()

    @abstractmethod
    async def _start(self) -> None:
        """Start; sets ``_running`` as soon as there is something to close."""

    @abstractmethod
    async def _close(self) -> None:
        """Close what runs; called once, and ``_running`` is False by then."""

    def _wind_up(self) -> Deferred[None]:
        """Have the loops end at a shutdown; fires when they have nothing in work."""
        return succeed(None)

    def _left(self, *, cleanly: bool) -> None:  # noqa: B027 - few have to do then
        """Called when ``async with`` is left, before it is closed."""
