import asyncio
from collections.abc import Generator
from typing import Any

from client_kit import received
from twisted.internet.defer import Deferred, inlineCallbacks

from twistedmq.client.consuming import Work
from twistedmq.client.stacks import MOST_SHOWN, stacks


def work(waits_for: object = None, *bodies: str) -> Work:
    return Work([received(body) for body in bodies or ("a",)], 10.0, waits_for)


async def charge(waits_for: Deferred[None]) -> None:
    await waits_for


async def handle(waits_for: Deferred[None]) -> None:
    await charge(waits_for)


def test_a_coroutine_is_followed_to_what_it_waits_for() -> None:
    pending: Deferred[None] = Deferred()
    coroutine = handle(pending)
    running = Deferred.fromCoroutine(coroutine)
    told = stacks([work(coroutine)], 12.5)
    pending.callback(None)
    assert running.called
    lines = told.splitlines()
    assert lines[0] == "1 calls in work"
    assert "ID-a" in lines[2]
    assert lines[2].endswith("in work for 2.5 s")
    places = [line.rpartition(" in ")[2] for line in lines if ", line " in line]
    assert places == ["handle", "charge"]
    assert lines[-1] == "  waits for a Deferred that has not fired"


def test_a_generator_is_followed_too() -> None:
    def steps() -> Generator[int, None, None]:
        yield 1

    generator = steps()
    next(generator)
    assert "in steps" in stacks([work(generator)], 10)


def test_a_deferred_says_only_whether_it_has_fired() -> None:
    @inlineCallbacks
    def wait() -> Generator[Deferred[Any], Any, None]:
        yield Deferred()

    told = stacks([work(wait(), "a", "b", "c")], 10)
    assert "and 2 more" in told
    assert told.endswith("waits for a Deferred that has not fired\n")


def test_what_is_over_is_told_so() -> None:
    assert stacks([], 10) == "0 calls in work\n"
    assert "waits" not in stacks([work()], 10)
    assert "waits for int" in stacks([work(3)], 10)


def test_a_report_stays_readable() -> None:
    told = stacks([work()] * (MOST_SHOWN + 50), 10)
    assert told.startswith("150 calls in work")
    assert told.count("in work for") == MOST_SHOWN


def test_tasks_are_told_under_asyncio() -> None:
    async def program() -> str:
        async def sleeper() -> None:
            await asyncio.sleep(60)

        task = asyncio.create_task(sleeper(), name="sleeper")
        await asyncio.sleep(0)
        told = stacks([], 0)
        task.cancel()
        return told

    told = asyncio.run(program())
    assert "sleeper" in told
    assert "asyncio.sleep(60)" in told
