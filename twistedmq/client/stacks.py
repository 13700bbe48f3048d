"""What a consumer is at, as text: where its functions wait. Java tells its threads."""

import asyncio
from collections.abc import Iterable
from inspect import iscoroutine, isgenerator
from io import StringIO
from traceback import StackSummary
from types import FrameType

from twisted.internet.defer import Deferred

from twistedmq.client.consuming import Work

MOST_SHOWN = 100
"""Calls, and tasks; a report has to stay readable."""


def stacks(works: Iterable[Work], now_s: float) -> str:
    """Tell of each call of the function how long it takes, and where it waits.

    Under asyncio, the tasks of the program are told as well.
    """
    calls = [_call(work, now_s) for work in works]
    told = [f"{len(calls)} calls in work", *calls[:MOST_SHOWN], *_tasks()]
    return "\n\n".join(told) + "\n"


def _call(work: Work, now_s: float) -> str:
    first, more = work.lot[0], len(work.lot) - 1
    also = f" and {more} more" if more else ""
    taken_s = now_s - work.begun_s
    frames, waits_for = _follow(work.waits_for)
    lines = [f"{first!r}{also}, in work for {taken_s:.1f} s"]
    lines += [line.rstrip() for line in _formatted(frames)]
    if waits_for is not None:
        lines.append(f"  waits for {_shown(waits_for)}")
    return "\n".join(lines)


def _follow(waits_for: object) -> tuple[list[FrameType], object]:
    """Give the frames of a coroutine and of those it awaits, and what they wait for."""
    frames: list[FrameType] = []
    while True:
        if iscoroutine(waits_for):
            frame, waits_for = waits_for.cr_frame, waits_for.cr_await
        elif isgenerator(waits_for):
            owner = waits_for.gi_frame and waits_for.gi_frame.f_locals.get("self")
            if isinstance(owner, Deferred):  # what awaiting a Deferred runs in
                return frames, owner
            frame, waits_for = waits_for.gi_frame, waits_for.gi_yieldfrom
        else:
            return frames, waits_for
        if frame is not None:
            frames.append(frame)


def _formatted(frames: Iterable[FrameType]) -> list[str]:
    numbered = ((frame, frame.f_lineno) for frame in frames)
    return StackSummary.extract(numbered).format()


def _shown(waits_for: object) -> str:
    """Show a Deferred by its state: its result may be long, or secret."""
    if isinstance(waits_for, Deferred):
        return f"a Deferred that has {'' if waits_for.called else 'not '}fired"
    return type(waits_for).__qualname__


def _tasks() -> list[str]:
    try:
        tasks = asyncio.all_tasks(asyncio.get_running_loop())
    except RuntimeError:
        return []
    told = []
    for task in sorted(tasks, key=lambda each: each.get_name())[:MOST_SHOWN]:
        text = StringIO()
        task.print_stack(file=text)
        told.append(text.getvalue().rstrip())
    return told
