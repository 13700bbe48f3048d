import asyncio
from collections.abc import Generator
from typing import Any

from client_kit import received
from twisted.internet.defer import Deferred, inlineCallbacks

from twistedmq.client.consuming import Work
from twistedmq.client.deferreds import FutureDeferred
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
    async def nap() -> None:
        await asyncio.sleep(60)

    async def program() -> str:
        async def sleeper() -> None:
            await nap()

        task = asyncio.create_task(sleeper(), name="sleeper")
        await asyncio.sleep(0)
        told = stacks([], 0)
        task.cancel()
        return told

    told = asyncio.run(program())
    ours = told[told.index("task 'sleeper'") :]
    assert "in sleeper" in ours
    assert "in nap" in ours
    assert "asyncio.sleep(60)" in ours
    assert "waits for a Future that is not done" in ours


def test_a_call_that_is_a_task_is_followed_through_other_tasks() -> None:
    async def look_up(row: asyncio.Future[None]) -> None:
        await row

    async def consume(row: asyncio.Future[None]) -> None:
        await asyncio.create_task(look_up(row), name="look-up")

    async def wait_too(task: asyncio.Task[None]) -> None:
        await task

    async def program() -> str:
        row: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(consume(row), name="consume")
        other = asyncio.create_task(wait_too(task), name="other")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        told = stacks([work(FutureDeferred(task)), work(FutureDeferred(row))], 12)
        row.set_result(None)
        await other
        return told

    told = asyncio.run(program())
    calls = told[: told.index("\n\ntask ")].splitlines()
    at = [calls.index("  in task 'consume'"), calls.index("  in task 'look-up'")]
    assert "in consume" in calls[at[0] + 1]
    assert "in look_up" in calls[at[1] + 1]
    assert calls.count("  waits for a Future that is not done") == 2
    assert told.count("in look_up") == 1
    assert "  waits for task 'consume', which is told elsewhere" in told


def test_too_many_tasks_are_not_all_told() -> None:
    async def program() -> str:
        waits = asyncio.Event()
        tasks = [asyncio.create_task(waits.wait()) for _ in range(MOST_SHOWN + 50)]
        await asyncio.sleep(0)
        told = stacks([], 0)
        waits.set()
        await asyncio.gather(*tasks)
        return told

    assert asyncio.run(program()).count("\ntask ") == MOST_SHOWN
