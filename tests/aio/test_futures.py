import asyncio
import traceback

import pytest
from twisted.internet.defer import CancelledError, Deferred, fail, succeed

from twistedmq.aio.futures import (
    DeferredFuture,
    PatientFuture,
    deferred_of,
    lost_to_cancel,
)


def raises() -> None:
    raise LookupError("here")


def test_a_result_is_given() -> None:
    async def main() -> tuple[int, int]:
        loop = asyncio.get_running_loop()
        later: Deferred[int] = Deferred()
        loop.call_soon(later.callback, 2)
        return (
            await DeferredFuture(succeed(1), loop),
            await DeferredFuture(later, loop),
        )

    assert asyncio.run(main()) == (1, 2)


def test_an_error_is_raised_with_where_it_came_from() -> None:
    async def main() -> None:
        deferred = succeed(None).addCallback(lambda _: raises())
        await DeferredFuture(deferred, asyncio.get_running_loop())

    with pytest.raises(LookupError) as caught:
        asyncio.run(main())
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names[-1] == "raises"
    assert "main" in names


def test_a_stop_iteration_does_not_hang_who_waits() -> None:
    async def main() -> None:
        await DeferredFuture(fail(StopIteration("x")), asyncio.get_running_loop())

    with pytest.raises(RuntimeError, match="StopIteration: x"):
        asyncio.run(main())


def test_cancelling_the_future_cancels_the_deferred() -> None:
    cancelled = []

    async def main() -> None:
        deferred: Deferred[None] = Deferred(cancelled.append)
        async with asyncio.timeout(0):
            await DeferredFuture(deferred, asyncio.get_running_loop())

    with pytest.raises(TimeoutError):
        asyncio.run(main())
    assert len(cancelled) == 1


def test_cancelling_the_deferred_cancels_the_future() -> None:
    async def main() -> bool:
        deferred: Deferred[None] = Deferred()
        future = DeferredFuture(deferred, asyncio.get_running_loop())
        deferred.cancel()
        return future.cancelled()

    assert asyncio.run(main())


@pytest.mark.parametrize(
    "fire", [lambda each: each.callback(1), lambda each: each.errback(LookupError())]
)
def test_what_fires_after_its_future_was_given_up_is_dropped(fire) -> None:
    async def main() -> bool:
        deferred: Deferred[int] = Deferred(fire)
        future = DeferredFuture(deferred, asyncio.get_running_loop())
        return future.cancel() and future.cancelled() and not future.cancel()

    assert asyncio.run(main())


def test_a_patient_one_ends_when_the_deferred_does() -> None:
    async def main() -> list[str]:
        events = []
        closing: Deferred[None] = Deferred()

        def close(failure: object) -> Deferred[None]:
            events.append("closing")
            return closing

        deferred: Deferred[None] = Deferred().addErrback(close)
        task = asyncio.ensure_future(wait(deferred))
        task.add_done_callback(lambda _: events.append("over"))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert events == ["closing"]
        closing.callback(None)
        with pytest.raises(asyncio.CancelledError):
            await task
        return events

    async def wait(deferred: Deferred[None]) -> None:
        await PatientFuture(deferred, asyncio.get_running_loop())

    assert asyncio.run(main()) == ["closing", "over"]


def test_a_patient_one_gives_results_and_errors() -> None:
    async def main() -> int:
        loop = asyncio.get_running_loop()
        with pytest.raises(LookupError):
            await PatientFuture(fail(LookupError()), loop)
        future = PatientFuture(succeed(1), loop)
        assert not future.cancel()
        return await future

    assert asyncio.run(main()) == 1


def test_a_patient_one_is_cancelled_whatever_comes_of_it() -> None:
    async def main() -> bool:
        deferred: Deferred[int] = Deferred(lambda each: each.errback(OSError()))
        future = PatientFuture(deferred, asyncio.get_running_loop())
        return future.cancel() and future.cancelled()

    assert asyncio.run(main())


def test_what_a_task_gives_comes_out_of_a_deferred() -> None:
    async def work(result: object) -> object:
        await asyncio.sleep(0)
        if result is None:
            raises()
        return result

    async def main() -> None:
        results: list = []
        good = deferred_of(asyncio.ensure_future(work(1)))
        bad = deferred_of(asyncio.ensure_future(work(None)))
        task = asyncio.ensure_future(work(1))
        gone = deferred_of(task)
        task.cancel()
        for each in (good, bad, gone):
            each.addBoth(results.append)
        while len(results) < 3:
            await asyncio.sleep(0)
        outcomes = {type(getattr(each, "value", each)): each for each in results}
        assert outcomes[int] == 1
        assert "raises" in outcomes[LookupError].getTraceback()
        assert CancelledError in outcomes

    asyncio.run(main())


def test_cancelling_the_deferred_cancels_the_task(logged_failures) -> None:
    async def main() -> bool:
        task = asyncio.ensure_future(asyncio.sleep(10))
        deferred = deferred_of(task)
        deferred.addErrback(lambda failure: failure.trap(CancelledError))
        deferred.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return task.cancelled()

    assert asyncio.run(main())


def test_a_result_that_a_cancel_swallowed_is_noticed() -> None:
    async def main() -> list[bool]:
        loop = asyncio.get_running_loop()
        good = DeferredFuture(succeed(1), loop)
        bad = DeferredFuture(fail(LookupError()), loop)
        waiting = DeferredFuture(Deferred(), loop)
        gone = DeferredFuture(Deferred(), loop)
        gone.cancel()
        assert isinstance(bad.exception(), LookupError)
        return [lost_to_cancel(each) for each in (good, bad, waiting, gone)]

    assert asyncio.run(main()) == [True, False, False, False]
