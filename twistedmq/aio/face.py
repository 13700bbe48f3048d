"""What the classes of this room share: a client of the core, called from tasks."""

import os
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from inspect import iscoroutine
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar

from twisted.internet.defer import Deferred

from twistedmq.aio.errors import WrongLoopError
from twistedmq.aio.futures import DeferredFuture
from twistedmq.aio.loops import attach, running_loop
from twistedmq.client.startable import Startable
from twistedmq.remoting.errors import ForkedError

P = ParamSpec("P")
T = TypeVar("T")
C = TypeVar("C", bound=Startable)


class LoopBound:
    """Something that belongs to the loop in which it was made."""

    def __init__(self, core: Any) -> None:
        self._core = core
        self._loop = running_loop(_name(self))
        self._pid = os.getpid()

    def _check_loop(self) -> None:
        """Raise where this is not the loop, or not even the process."""
        loop = running_loop(_name(self))
        if loop is not self._loop:
            if os.getpid() != self._pid:
                raise ForkedError(self._pid)
            raise WrongLoopError(type(self).__name__, closed=self._loop.is_closed())

    def _future(self, deferred: Deferred[T]) -> DeferredFuture[T]:
        return DeferredFuture(deferred, self._loop)


class Face(LoopBound, Generic[C]):
    """A client as asyncio programs see it: started and closed, or ``async with``.

    Args:
        make: the class of the core.
        args: what it is given.
        kwargs: as well; without a reactor it is that of the running loop.
    """

    _core: C

    def __init__(
        self, make: Callable[..., C], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> None:
        settings = kwargs.get("settings")
        given = kwargs.get("reactor") or (settings and settings.reactor)
        running_loop(_name(self))
        core = make(*args, **{**kwargs, "reactor": given or attach()})
        super().__init__(core)

    async def start(self) -> Self:
        """Begin; gives itself. Fails with NoNameServerError."""
        self._check_loop()
        await self._future(self._core.start())
        return self

    async def close(self) -> None:
        """End, if it runs, when what is in work is finished; see the core's ``close``.

        Who is cancelled while waiting does not stop the closing.
        """
        self._check_loop()
        await self._future(self._core.close())

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
        self._check_loop()
        left = Deferred.fromCoroutine(self._core.__aexit__(kind, error, traceback))
        await self._future(left)


def gives_future(
    method: Callable[Concatenate[Any, P], Awaitable[T]],
) -> Callable[Concatenate[LoopBound, P], DeferredFuture[T]]:
    """Make of a method of the core, which gives a Deferred or is a coroutine of
    Twisted, one that gives a Future.
    """
    name = method.__name__

    @wraps(method)
    def call(
        face: LoopBound, /, *args: P.args, **kwargs: P.kwargs
    ) -> DeferredFuture[T]:
        face._check_loop()
        result = getattr(face._core, name)(*args, **kwargs)
        if iscoroutine(result):
            result = Deferred.fromCoroutine(result)
        return face._future(result)

    return call


def passed_on(
    method: Callable[Concatenate[Any, P], T],
) -> Callable[Concatenate[LoopBound, P], T]:
    """Make a method of the core that gives its result at once one of this room."""
    name = method.__name__

    @wraps(method)
    def call(face: LoopBound, /, *args: P.args, **kwargs: P.kwargs) -> T:
        face._check_loop()
        result: T = getattr(face._core, name)(*args, **kwargs)
        return result

    return call


def signature_of(
    core: Callable[P, object],
) -> Callable[[Callable[..., None]], Callable[Concatenate[Any, P], None]]:
    """Have an ``__init__`` take what the class of the *core* takes."""

    def adopt(init: Callable[..., None]) -> Callable[Concatenate[Any, P], None]:
        init.__wrapped__ = core.__init__  # type: ignore[attr-defined]
        return init

    return adopt


def _name(face: object) -> str:
    return f"twistedmq.aio.{type(face).__name__}"
