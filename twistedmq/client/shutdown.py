"""Closing, in order, what is still open when the reactor shuts down (TERM, Ctrl-C)."""

from collections.abc import Callable, Iterable
from typing import Any, cast

from msgspec import Struct
from twisted.internet.defer import Deferred, DeferredList, TimeoutError, succeed
from twisted.internet.interfaces import IReactorCore
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.client.reactor import Clock

CLOSE_S = 10.0
"""For taking leave of the brokers, beside what is in work."""

_log = Logger()


class Leaving(Struct, frozen=True, eq=False):
    """How one client is closed."""

    name: str
    receives: bool
    """Whether it feeds the program's loops: these may still send, so it goes first."""
    wind_up: Callable[[], Deferred[None]]
    """Ends the loops; fires when what they had in work is finished."""
    close: Callable[[], Deferred[None]]
    patience_s: float
    """How long what is in work may take."""


class Shutdown:
    """The clients that are open on one reactor, and its trigger while there are any."""

    def __init__(self, reactor: Clock) -> None:
        self._reactor = reactor
        self._core = cast("IReactorCore", reactor)
        self._open: list[Leaving] = []
        self._trigger: Any = None

    def add(self, client: Leaving) -> None:
        """Have *client* closed at a shutdown."""
        if not self._open:
            self._trigger = self._core.addSystemEventTrigger(
                "before", "shutdown", self._shut_down
            )
        self._open.append(client)

    def remove(self, client: Leaving) -> bool:
        """Forget *client*; gives whether it was the last one."""
        self._open.remove(client)
        if not self._open and self._trigger is not None:
            trigger, self._trigger = self._trigger, None
            self._core.removeSystemEventTrigger(trigger)
        return not self._open

    def close_all(self, *, winds_up: bool) -> Deferred[None]:
        """Close what is open, those that receive first; see ``close_open_clients``."""
        return Deferred.fromCoroutine(self._close_all(winds_up))

    def _shut_down(self) -> Deferred[None]:
        self._trigger = None
        return self.close_all(winds_up=True)

    async def _close_all(self, winds_up: bool) -> None:
        for first in (True, False):
            leaving = [each for each in self._open if each.receives is first]
            await self._close(leaving, winds_up)
            # so that the program goes on behind its loops before the rest is closed
            await deferLater(cast("Any", self._reactor), 0)

    async def _close(self, clients: Iterable[Leaving], winds_up: bool) -> None:
        leaving = [
            Deferred.fromCoroutine(self._leave(each, winds_up)).addErrback(
                _failed, each
            )
            for each in clients
        ]
        await DeferredList(leaving)

    async def _leave(self, client: Leaving, winds_up: bool) -> None:
        try:
            if winds_up:
                await client.wind_up().addTimeout(client.patience_s, self._reactor)
        except TimeoutError:
            _log.warn("{client}: a message is still in work", client=client.name)
        limit_s = client.patience_s + CLOSE_S
        await client.close().addTimeout(limit_s, self._reactor)


_shutdowns: dict[Clock, Shutdown] = {}
"""By reactor, for as long as a client is open on it."""


def close_at_shutdown(reactor: Clock, client: Leaving) -> Callable[[], None]:
    """Have *client* closed when *reactor* shuts down; gives what calls that off.

    A mere clock never shuts down.
    """
    if not IReactorCore.providedBy(reactor):
        return lambda: None
    shutdown = _shutdowns.get(reactor)
    if shutdown is None:
        shutdown = _shutdowns[reactor] = Shutdown(reactor)
    shutdown.add(client)

    def call_off() -> None:
        if shutdown.remove(client):
            del _shutdowns[reactor]

    return call_off


def close_open_clients(reactor: Clock) -> Deferred[None]:
    """Close what is open on *reactor* now, in a program whose loops have all ended.

    So it is not waited for loops to finish the messages that they had last.
    """
    shutdown = _shutdowns.get(reactor)
    return shutdown.close_all(winds_up=False) if shutdown else succeed(None)


def _failed(failure: Failure, client: Leaving) -> None:
    _log.warn(
        "{client} could not be closed in order: {reason}",
        client=client.name,
        reason=failure.getErrorMessage() or repr(failure.value),
    )
