"""A reactor on an event loop that somebody else runs."""

from asyncio import AbstractEventLoop, Future
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any

from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.error import ReactorNotRunning
from twisted.logger import Logger
from twisted.python.failure import Failure

OnResult = Callable[[bool, Any], object]
"""Told in the thread: whether it went well, and the result or a Failure."""

_log = Logger()


class LoopReactor(AsyncioSelectorReactor):
    """Twisted's reactor on a running loop, without files or threads of its own.

    The loop stays master of the program: signals are its business, threads are those
    of its executor, and stopping this reactor does not stop the loop.

    Args:
        loop: the running loop.
    """

    _registerAsIOThread = False  # noqa: N815

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._threads = LoopThreads(loop)
        # What is opened while a request is served is not of that request.
        self._context = Context()
        super().__init__(loop)

    @property
    def loop(self) -> AbstractEventLoop:
        """The loop it stands on."""
        return self._asyncioEventloop

    def installWaker(self) -> None:  # noqa: N802
        """Do without: the loop can be woken by itself."""

    def getThreadPool(self) -> Any:  # noqa: N802
        """Give the executor of the loop."""
        return self._threads

    def addReader(self, reader: Any) -> None:  # noqa: N802
        """Watch *reader* in no context of a caller."""
        self._context.copy().run(super().addReader, reader)

    def addWriter(self, writer: Any) -> None:  # noqa: N802
        """Watch *writer* in no context of a caller."""
        self._context.copy().run(super().addWriter, writer)

    def _reschedule(self) -> None:
        self._context.copy().run(super()._reschedule)

    def crash(self) -> None:
        """Stop, but leave the loop alone."""
        self._started = False
        self.running = False

    async def wind_up(self) -> None:
        """Shut down: close what is open here, each in its order."""
        over: Future[None] = self.loop.create_future()
        self.addSystemEventTrigger("after", "shutdown", over.set_result, None)
        try:
            self.stop()
        except ReactorNotRunning:
            return
        await over
        self.disconnectAll()


class LoopThreads:
    """The executor of a loop as a thread pool of Twisted."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop

    def callInThread(  # noqa: N802
        self, function: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> None:
        """Have *function* called in a thread; an error is logged."""
        self.callInThreadWithCallback(None, function, *args, **kwargs)

    def callInThreadWithCallback(  # noqa: N802
        self,
        on_result: OnResult | None,
        function: Callable[..., Any],
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """Have *function* called in a thread, and *on_result* behind it."""
        context = copy_context()

        def work() -> None:
            try:
                result = context.run(function, *args, **kwargs)
            except Exception:
                failure = Failure()
                if on_result is None:
                    _log.failure("in a thread", failure)
                else:
                    on_result(False, failure)
            else:
                if on_result is not None:
                    on_result(True, result)

        self._loop.run_in_executor(None, work)
