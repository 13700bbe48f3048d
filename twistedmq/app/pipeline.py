"""An ordered tree of services: up from the store to the edge, down from the edge."""

from collections.abc import Callable, Generator
from typing import Any

from twisted.application.service import IService, MultiService, Service
from twisted.internet.defer import Deferred, inlineCallbacks, maybeDeferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

STOP_LIMIT_S = 5.0
"""How long a part may take to stop unless it was given a limit of its own."""


class StopTimeoutError(Exception):
    """A part was not done stopping in its time; the others stop nevertheless."""

    def __init__(self, name: str, limit_s: float) -> None:
        """Name the part and the limit."""
        super().__init__(f"{name} did not stop in {limit_s:g} s")
        self.name = name
        self.limit_s = limit_s


class Step(Service):
    """A call that is made when everything before it is ready."""

    def __init__(
        self,
        start: Callable[[], object],
        stop: Callable[[], "Deferred[None] | None"] = lambda: None,
    ) -> None:
        self._start = start
        self._stop = stop

    def startService(self) -> None:
        """Make the call; a Deferred it gives is waited for."""
        super().startService()
        self.ready: Deferred[Any] = maybeDeferred(self._start)

    def stopService(self) -> "Deferred[None] | None":
        """Make the other call."""
        super().stopService()
        return self._stop()


@implementer(IService)
class PipelineService(MultiService):
    """Children start in order, each once the one before is ready, and stop in reverse.

    A child's ``ready`` (a Deferred, if it has one) is waited for. Every child that was
    started is stopped, whatever failed before, and each is given up after its limit.
    """

    _log = Logger()

    def __init__(
        self, clock: IReactorTime, failed: Callable[[Failure], object]
    ) -> None:
        """*failed* is told when a child could not start."""
        super().__init__()
        self._clock = clock
        self._failed = failed
        self._limits: dict[IService, float] = {}
        self._started: list[IService] = []
        self._stopping = False
        self.ready: Deferred[None] = Deferred()

    def add(
        self, name: str, child: IService, stop_limit_s: float = STOP_LIMIT_S
    ) -> None:
        """Put *child* behind those added before; the *name* appears in the log."""
        child.setName(name)
        self._limits[child] = stop_limit_s
        child.setServiceParent(self)

    def startService(self) -> None:
        """Start the first child; the others follow."""
        Service.startService(self)
        self._start_all().addErrback(self._start_failed)

    @inlineCallbacks
    def _start_all(self) -> Generator[Deferred[Any], Any, None]:
        for child in list(self):
            if self._stopping:
                return
            child.privilegedStartService()
            self._started.append(child)
            child.startService()
            yield _when_ready(child)
        if not self._stopping:
            self.ready.callback(None)

    def _start_failed(self, failure: Failure) -> None:
        if not self._stopping:
            self._failed(failure)

    @inlineCallbacks
    def stopService(self) -> Generator[Deferred[Any], Any, None]:
        """Stop from the edge inwards; fires when all children are stopped."""
        self._stopping = True
        Service.stopService(self)
        while self._started:
            yield self._stop_one(self._started.pop())

    def _stop_one(self, child: IService) -> "Deferred[None]":
        limit_s = self._limits.get(child, STOP_LIMIT_S)
        name = str(child.name)
        stopping: Deferred[Any] = maybeDeferred(child.stopService)
        stopping.addTimeout(
            limit_s,
            self._clock,
            onTimeoutCancel=lambda _result, _s: _raise(StopTimeoutError(name, limit_s)),
        )
        return stopping.addErrback(self._note_failure, name)

    def _note_failure(self, failure: Failure, name: str) -> None:
        if failure.check(StopTimeoutError):
            self._log.error("stopping: {problem}", problem=failure.getErrorMessage())
        else:
            self._log.failure("stopping {name} failed", failure, name=name)


def _raise(error: Exception) -> None:
    raise error


def _when_ready(child: IService) -> "Deferred[None]":
    """Fire with the child's ``ready``, and leave that as it is for others."""
    ready: Deferred[Any] | None = getattr(child, "ready", None)
    if ready is None:
        return succeed(None)
    waiting: Deferred[None] = Deferred()

    def passed(result: object) -> object:
        waiting.callback(None)
        return result

    ready.addCallbacks(passed, waiting.errback)
    return waiting
