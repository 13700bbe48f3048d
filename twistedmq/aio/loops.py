"""Which reactor stands on which loop."""

import sys
from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import AsyncGenerator
from typing import TypeGuard

from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.main import installReactor

from twistedmq.aio.errors import NoLoopError, ReactorInstalledError
from twistedmq.aio.futures import DeferredFuture
from twistedmq.aio.reactor import LoopReactor
from twistedmq.client.shutdown import close_open_clients

GLOBAL = "twisted.internet.reactor"

_attached: dict[AbstractEventLoop, tuple[LoopReactor, AsyncGenerator[None]]] = {}
"""By loop, until it ends: its reactor, and what is told of the end."""


def attach(*, install: bool = False) -> AsyncioSelectorReactor:
    """Give the reactor of the running loop; it is made and started at the first call.

    The clients of ``twistedmq.aio`` call it by themselves. Others need it to run code
    of Twisted in an asyncio program, such as clients that give Deferreds.

    Each loop has a reactor of its own, so that several loops may run one after the
    other or in several threads. When the loop shuts its asynchronous generators down
    (``asyncio.run`` and uvicorn do), clients that are still open are closed.

    Args:
        install: make it the global reactor, too, for libraries that import that one.
            Twisted allows that once in a process.

    Raises:
        NoLoopError: no loop runs in this thread.
        ReactorInstalledError: *install*, and another global reactor is there.
    """
    loop = running_loop("twistedmq.aio.attach")
    installed = sys.modules.get(GLOBAL)
    if stands_on(installed, loop):
        if not installed.running:
            installed.startRunning(installSignalHandlers=False)
        return installed
    if install and installed is not None:
        raise ReactorInstalledError(type(installed).__name__)
    reactor = _reactor_of(loop)
    if install:
        installReactor(reactor)
    return reactor


def running_loop(what: str) -> AbstractEventLoop:
    """Give the loop that runs in this thread; *what* needs it."""
    try:
        return get_running_loop()
    except RuntimeError:
        raise NoLoopError(what) from None


def stands_on(
    installed: object, loop: AbstractEventLoop
) -> TypeGuard[AsyncioSelectorReactor]:
    """Whether *installed* is a reactor of that loop."""
    return (
        isinstance(installed, AsyncioSelectorReactor)
        and installed._asyncioEventloop is loop
    )


def _reactor_of(loop: AbstractEventLoop) -> LoopReactor:
    for other in [each for each in list(_attached) if each.is_closed()]:
        # one that was closed without a word to its generators; threads share the table
        _attached.pop(other, None)
    if loop not in _attached or not _attached[loop][0].running:
        reactor = LoopReactor(loop)
        reactor.startRunning(installSignalHandlers=False)
        _attached[loop] = reactor, _watch(loop, reactor)
    return _attached[loop][0]


def _watch(loop: AbstractEventLoop, reactor: LoopReactor) -> AsyncGenerator[None]:
    """Have *reactor* shut down with *loop*: loops end the generators begun in them."""

    async def until_the_end() -> AsyncGenerator[None]:
        try:
            yield
        finally:
            _attached.pop(loop, None)
            # by now all tasks were cancelled: nobody finishes what a loop had last
            await DeferredFuture(close_open_clients(reactor), loop)
            await reactor.wind_up()

    watch = until_the_end()
    try:
        watch.__anext__().send(None)
    except StopIteration:
        return watch
    raise AssertionError("it waits for something before its first value")
