import asyncio
import socket
import threading
from contextvars import ContextVar
from typing import Any

import pytest
from twisted.internet.interfaces import IReactorThreads
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.internet.threads import deferToThreadPool

from twistedmq.aio.futures import DeferredFuture
from twistedmq.aio.reactor import LoopReactor
from twistedmq.client.dns import resolve_host

WHO: ContextVar[str] = ContextVar("WHO", default="nobody")


def on_reactor(main: Any) -> Any:
    """Run a coroutine function with a reactor on its loop."""

    async def run() -> Any:
        reactor = LoopReactor(asyncio.get_running_loop())
        reactor.startRunning(installSignalHandlers=False)
        try:
            return await main(reactor)
        finally:
            await reactor.wind_up()

    return asyncio.run(run())


async def waited(reactor: LoopReactor, deferred: Any) -> Any:
    return await DeferredFuture(deferred, reactor.loop)


def test_timers_run_on_the_loop() -> None:
    async def main(reactor: LoopReactor) -> bool:
        called = asyncio.Event()
        reactor.callLater(0.01, called.set)
        await called.wait()
        return True

    assert on_reactor(main)


def test_threads_are_those_of_the_loops_executor() -> None:
    async def main(reactor: LoopReactor) -> str:
        assert IReactorThreads.providedBy(reactor)
        pool = reactor.getThreadPool()
        work = deferToThreadPool(reactor, pool, lambda: threading.current_thread().name)
        return await waited(reactor, work)

    assert on_reactor(main).startswith("asyncio_")
    assert not [each for each in threading.enumerate() if "asyncio_" in each.name]


def test_errors_in_threads_come_back_or_are_logged(logged_failures: Any) -> None:
    def fails() -> None:
        raise LookupError

    async def main(reactor: LoopReactor) -> None:
        with pytest.raises(LookupError):
            await waited(
                reactor, deferToThreadPool(reactor, reactor.getThreadPool(), fails)
            )
        done = asyncio.Event()
        reactor.callInThread(fails)
        reactor.callInThread(reactor.callFromThread, done.set)
        await done.wait()

    on_reactor(main)
    assert logged_failures.flush(LookupError)


def test_names_are_resolved() -> None:
    async def main(reactor: LoopReactor) -> Any:
        return await waited(reactor, resolve_host(reactor, "localhost"))

    assert {"127.0.0.1", "::1"} & set(on_reactor(main))


def test_what_is_opened_in_a_context_does_not_live_in_it() -> None:
    seen: list[str] = []

    class Note(Protocol):
        def dataReceived(self, data: bytes) -> None:
            seen.append(WHO.get())
            self.transport.loseConnection()

    async def main(reactor: LoopReactor) -> None:
        WHO.set("a request")
        port = reactor.listenTCP(0, ServerFactory.forProtocol(Note))
        timed = asyncio.Event()
        reactor.callLater(0, lambda: (seen.append(WHO.get()), timed.set()))
        await timed.wait()
        _, writer = await asyncio.open_connection("localhost", port.getHost().port)
        writer.write(b"x")
        while len(seen) < 2:
            await asyncio.sleep(0.001)
        writer.close()

    on_reactor(main)
    assert seen == ["nobody", "nobody"]


def test_stopping_it_leaves_the_loop_alone_and_closes_what_is_open() -> None:
    async def main(reactor: LoopReactor) -> int:
        port = reactor.listenTCP(0, ServerFactory())
        number = port.getHost().port
        reactor.stop()
        await asyncio.sleep(0.01)
        assert not reactor.running
        return number

    number = on_reactor(main)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", number))
