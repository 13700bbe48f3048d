"""What a consumer is at, as text: where its functions wait. Java tells its threads."""

import asyncio
from collections.abc import Iterable, Iterator
from inspect import iscoroutine, isgenerator
from traceback import StackSummary
from types import FrameType
from typing import Any

from twisted.internet.defer import Deferred

from twistedmq.client.consuming import Work
from twistedmq.client.deferreds import FutureDeferred

MOST_SHOWN = 100
"""Calls, and tasks; a report has to stay readable."""


def stacks(works: Iterable[Work], now_s: float) -> str:
    """Tell of each call of the function how long it takes, and where it waits.

    A call that runs as a task of asyncio is followed through the tasks that it waits
    for. Under asyncio, the other tasks of the program are told as well.
    """
    told_of: set[object] = set()
    calls = [_call(work, now_s, told_of) for work in works]
    told = [f"{len(calls)} calls in work", *calls[:MOST_SHOWN], *_others(told_of)]
    return "\n\n".join(told) + "\n"


def _call(work: Work, now_s: float, told_of: set[object]) -> str:
    first, more = work.lot[0], len(work.lot) - 1
    also = f" and {more} more" if more else ""
    taken_s = now_s - work.begun_s
    head = f"{first!r}{also}, in work for {taken_s:.1f} s"
    return "\n".join([head, *_lines(work.waits_for, told_of)])


def _lines(waits_for: object, told_of: set[object]) -> Iterator[str]:
    """Tell the frames of what is awaited, through tasks and what these wait for."""
    while True:
        frames, waits_for, future = _follow(waits_for)
        for line in _formatted(frames):
            yield line.rstrip()
        if isinstance(waits_for, FutureDeferred):
            future = waits_for.future
        if future is None:
            if waits_for is not None:
                yield f"  waits for {_shown(waits_for)}"
            return
        if not isinstance(future, asyncio.Task) or future in told_of:
            yield f"  waits for {_shown(future)}"
            return
        told_of.add(future)
        yield f"  in task {future.get_name()!r}"
        waits_for = future


def _follow(
    waits_for: object,
) -> tuple[list[FrameType], object, "asyncio.Future[Any] | None"]:
    """Give the frames of a coroutine and of those it awaits, and what they wait for.

    For a task that is the Future that its loop has noted.
    """
    frames: list[FrameType] = []
    future: asyncio.Future[Any] | None = None
    if isinstance(waits_for, asyncio.Task):
        # there is no public way to ask; a task without it is told by its frames
        future = getattr(waits_for, "_fut_waiter", None)
        waits_for = waits_for.get_coro()
    while True:
        if iscoroutine(waits_for):
            frame, waits_for = waits_for.cr_frame, waits_for.cr_await
        elif isgenerator(waits_for):
            owner = waits_for.gi_frame and waits_for.gi_frame.f_locals.get("self")
            if isinstance(owner, Deferred):  # what awaiting a Deferred runs in
                return frames, owner, None
            frame, waits_for = waits_for.gi_frame, waits_for.gi_yieldfrom
        else:
            return frames, waits_for, future
        if frame is not None:
            frames.append(frame)


def _formatted(frames: Iterable[FrameType]) -> list[str]:
    numbered = ((frame, frame.f_lineno) for frame in frames)
    return StackSummary.extract(numbered).format()


def _shown(waits_for: object) -> str:
    """Show a Deferred by its state: its result may be long, or secret."""
    if isinstance(waits_for, Deferred):
        return f"a Deferred that has {'' if waits_for.called else 'not '}fired"
    if isinstance(waits_for, asyncio.Task):
        return f"task {waits_for.get_name()!r}, which is told elsewhere"
    if isinstance(waits_for, asyncio.Future):
        return f"a {type(waits_for).__qualname__} that is {_state(waits_for)}"
    return type(waits_for).__qualname__


def _state(future: "asyncio.Future[Any]") -> str:
    return "done" if future.done() else "not done"


def _others(told_of: set[object]) -> list[str]:
    """Tell of the tasks that no call waits for: those of the program itself."""
    try:
        tasks = asyncio.all_tasks(asyncio.get_running_loop())
    except RuntimeError:
        return []
    told: list[str] = []
    # those that others wait for come where these are
    for task in sorted(tasks - told_of, key=lambda each: each.get_name()):
        if task in told_of or len(told) == MOST_SHOWN:
            continue
        told_of.add(task)
        told.append("\n".join([f"task {task.get_name()!r}", *_lines(task, told_of)]))
    return told
