"""Functions of users, which may be coroutines of asyncio, as the core calls them."""

from asyncio import AbstractEventLoop, Task
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from inspect import isawaitable, iscoroutine
from typing import Any, TypeVar

from twisted.internet.defer import Deferred

from twistedmq.aio.futures import deferred_of

M = TypeVar("M")

Handler = Callable[[M], Awaitable[Any] | Deferred[Any] | object]
"""Is given a message; may be a coroutine function of asyncio."""


class TaskHandler:
    """Calls a function; what it gives to be awaited becomes a task, told as a Deferred.

    Each call gets a copy of the context in which this was made, so that what the
    caller of ``run`` has set is seen, and what one message sets is not seen by others.

    Args:
        function: the user's.
        loop: where its tasks run.
    """

    def __init__(self, function: Handler[Any], loop: AbstractEventLoop) -> None:
        self._function = function
        self._loop = loop
        self._context = copy_context()
        self._tasks: set[Task[Any]] = set()
        """In work: a loop forgets tasks that nobody holds."""

    def __call__(self, *args: Any) -> Any:
        """Call the function."""
        context = self._context.copy()
        result = context.run(self._function, *args)
        if isinstance(result, Deferred) or not isawaitable(result):
            return result
        return deferred_of(self._task(result, context))

    def _task(self, awaitable: Awaitable[Any], context: Context) -> Task[Any]:
        work = awaitable if iscoroutine(awaitable) else _await(awaitable)
        task = self._loop.create_task(work, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _await(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
