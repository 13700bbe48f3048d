"""What producers, consumers, readers and admins have in common: start and close."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from twisted.internet.defer import Deferred, succeed

from twistedmq.client.deferreds import follow
from twistedmq.client.session import Session


class Startable(ABC):
    """Is started and closed, by hand or by ``async with``.

    Args:
        session: what it stands on; ``_close`` closes it.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._running = False
        self._closing: Deferred[None] = succeed(None)

    def start(self) -> Deferred[Self]:
        """Begin; fires with itself."""
        return Deferred.fromCoroutine(self._started())

    def close(self) -> Deferred[None]:
        """End, if it runs; fires when all is done, whoever asked for it first."""
        if self._running:
            self._running = False
            self._closing = Deferred.fromCoroutine(self._close())
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
        return self

    @abstractmethod
    async def _start(self) -> None:
        """Start; sets ``_running`` as soon as there is something to close."""

    @abstractmethod
    async def _close(self) -> None:
        """Close what runs; called once, and ``_running`` is False by then."""

    def _left(self, *, cleanly: bool) -> None:  # noqa: B027 - few have to do then
        """Called when ``async with`` is left, before it is closed."""
