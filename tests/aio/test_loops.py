import asyncio
import os
import subprocess
import sys
import threading

import pytest

from twistedmq.aio import NoLoopError, attach
from twistedmq.aio.loops import _attached


async def attached() -> object:
    return attach()


def test_a_loop_has_one_reactor() -> None:
    async def main() -> None:
        reactor = attach()
        assert attach() is reactor
        assert reactor.running

    asyncio.run(main())


def test_each_loop_has_its_own_and_leaves_nothing_behind() -> None:
    before = len(os.listdir("/proc/self/fd")), threading.active_count()
    reactors = [asyncio.run(attached()) for _ in range(3)]
    assert len(set(reactors)) == 3
    assert not any(each.running for each in reactors)
    assert (len(os.listdir("/proc/self/fd")), threading.active_count()) == before
    assert not _attached


def test_loops_in_several_threads() -> None:
    reactors: list[object] = []
    threads = [
        threading.Thread(target=lambda: reactors.append(asyncio.run(attached())))
        for _ in range(3)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(set(reactors)) == 3


def test_a_loop_that_was_closed_rudely_is_forgotten_later() -> None:
    loop = asyncio.new_event_loop()
    loop.run_until_complete(attached())
    loop.close()
    assert loop in _attached
    asyncio.run(attached())
    assert not _attached


def test_a_reactor_that_was_stopped_is_replaced() -> None:
    async def main() -> None:
        reactor = attach()
        reactor.stop()
        while reactor.running:
            await asyncio.sleep(0)
        assert attach() is not reactor
        assert attach().running

    asyncio.run(main())


def test_without_a_loop_it_is_said_what_to_do() -> None:
    with pytest.raises(NoLoopError, match="attach needs a running event loop"):
        attach()


# One global reactor a process: the rest happens in processes of its own.


def program(body: str) -> None:
    lines = [
        "import asyncio, sys",
        "from twistedmq.aio import ReactorInstalledError, attach",
        *body.strip().splitlines(),
    ]
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True)


def test_it_can_be_made_the_global_one() -> None:
    program(
        """
async def main():
    reactor = attach(install=True)
    from twisted.internet import reactor as installed
    assert installed is reactor and attach() is reactor and attach(install=True)
    from twisted.internet.threads import deferToThread
    from twistedmq.aio.futures import DeferredFuture
    work = deferToThread(lambda: 7)
    assert await DeferredFuture(work, asyncio.get_running_loop()) == 7
asyncio.run(main())
async def again():
    assert not attach().running is False
    try:
        attach(install=True)
    except ReactorInstalledError as error:
        assert error.reactor == "LoopReactor" and "one loop only" in str(error)
    else:
        raise AssertionError
asyncio.run(again())
"""
    )


def test_another_global_reactor_does_not_matter_unless_it_is_to_be_installed() -> None:
    program(
        """
from twisted.internet import reactor
async def main():
    assert attach() is not reactor
    try:
        attach(install=True)
    except ReactorInstalledError as error:
        assert error.reactor == type(reactor).__name__ and error.reactor in str(error)
    else:
        raise AssertionError
asyncio.run(main())
"""
    )


def test_one_that_is_installed_on_this_loop_is_taken_and_started() -> None:
    program(
        """
from twisted.internet import asyncioreactor
async def main():
    asyncioreactor.install(asyncio.get_running_loop())
    from twisted.internet import reactor
    assert attach() is reactor and reactor.running
asyncio.run(main())
"""
    )
