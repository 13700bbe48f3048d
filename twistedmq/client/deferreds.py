"""Deferreds: several who wait for one, one who waits for several, coroutines."""

from asyncio import Future
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred, FirstError
from twisted.python.failure import Failure

P = ParamSpec("P")
T = TypeVar("T")


class FutureDeferred(Deferred[T]):
    """What a Future of asyncio will give; cancelling it cancels the Future.

    Args:
        future: a task, say. It is kept for who asks what is waited for.
    """

    def __init__(self, future: "Future[T]") -> None:
        self.future = future
        super().__init__(self._cancel_future)

    def _cancel_future(self, _deferred: Deferred[T]) -> None:
        self.future.cancel()


def gives_deferred(
    function: Callable[P, Coroutine[Deferred[Any], Any, T]],
) -> Callable[P, Deferred[T]]:
    """Have a coroutine function start at once and give a Deferred when called."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        return Deferred.fromCoroutine(function(*args, **kwargs))

    return call


def follow(source: Deferred[T]) -> Deferred[T]:
    """Give a new Deferred that fires as *source* does; *source* can be followed again.

    A failure goes to the first follower only, those after it get None.
    """
    follower: Deferred[T] = Deferred()

    def pass_on(result: T | Failure) -> T | None:
        follower.callback(result)
        return None if isinstance(result, Failure) else result

    source.addBoth(pass_on)
    return follower


def unwrapped(gathered: Deferred[T]) -> Deferred[T]:
    """Have what ``gatherResults`` gives fail with the first error itself."""

    def unwrap(failure: Failure) -> Failure:
        error = failure.value
        return error.subFailure if isinstance(error, FirstError) else failure

    return gathered.addErrback(unwrap)
