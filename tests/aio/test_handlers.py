import asyncio
from contextvars import ContextVar
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed

from twistedmq.aio.handlers import TaskHandler

WHO: ContextVar[str] = ContextVar("WHO", default="nobody")


def handled(function: Any, *args: Any) -> Any:
    """Call a function as a handler in a loop, and give what comes out of it."""

    async def main() -> Any:
        handler = TaskHandler(function, asyncio.get_running_loop())
        result = handler(*args)
        if not isinstance(result, Deferred):
            return result
        outcome: list[Any] = []
        result.addBoth(outcome.append)
        while not outcome:
            await asyncio.sleep(0)
        return outcome[0]

    return asyncio.run(main())


def test_a_plain_result_goes_through() -> None:
    assert handled(lambda message: message + 1, 1) == 2


def test_a_coroutine_runs_as_a_task() -> None:
    async def consume(message: int) -> tuple[int, bool]:
        await asyncio.sleep(0)
        return message, asyncio.current_task() is not None

    assert handled(consume, 1) == (1, True)


def test_anything_to_be_awaited_will_do() -> None:
    def consume(message: int) -> asyncio.Future[int]:
        future = asyncio.get_running_loop().create_future()
        future.set_result(message)
        return future

    assert handled(consume, 1) == 1


def test_a_deferred_will_do_as_well() -> None:
    assert handled(succeed, 1) == 1


def test_an_error_keeps_its_traceback() -> None:
    async def consume(message: int) -> None:
        await asyncio.sleep(0)
        raise LookupError(message)

    failure = handled(consume, 1)
    assert failure.check(LookupError)
    assert "in consume" in failure.getTraceback()


def test_an_error_raised_at_once_is_raised_at_once() -> None:
    def consume(message: int) -> None:
        raise LookupError(message)

    with pytest.raises(LookupError):
        handled(consume, 1)


def test_each_call_sees_the_context_of_the_run_and_none_of_the_others() -> None:
    async def consume(name: str) -> str:
        before = WHO.get()
        WHO.set(name)
        await asyncio.sleep(0)
        return f"{before}, then {WHO.get()}"

    async def main() -> list[str]:
        WHO.set("run")
        handler = TaskHandler(consume, asyncio.get_running_loop())
        WHO.set("the loop's")
        results: list[str] = []
        for name in ("first", "second"):
            handler(name).addCallback(results.append)
        while len(results) < 2:
            await asyncio.sleep(0)
        return results

    assert asyncio.run(main()) == ["run, then first", "run, then second"]
