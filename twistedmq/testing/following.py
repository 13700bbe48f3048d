"""Virtual time in step with an event loop that runs: of asyncio, or of Twisted."""

import sys
from collections.abc import Callable
from contextlib import suppress
from math import inf
from typing import Any, Final, Protocol

from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.python.threadable import isInIOThread

from twistedmq.testing.virtual_clock import VirtualClock

AT_ONCE: Final = 500
"""Calls after which others on the loop have their turn."""


class Handle(Protocol):
    """A call that a loop was asked for."""

    def cancel(self) -> None:
        """Do not make it."""


class Loop(Protocol):
    """What is used of an event loop, as asyncio names it."""

    def time(self) -> float:
        """Give the time in seconds."""

    def call_later(self, delay: float, callback: Callable[[], None]) -> Handle:
        """Call after *delay* seconds."""


class ReactorLoop:
    """A reactor of Twisted by those names."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def time(self) -> float:
        """Give the time in seconds."""
        seconds: float = self._reactor.seconds()
        return seconds

    def call_later(self, delay: float, callback: Callable[[], None]) -> Handle:
        """Call after *delay* seconds."""
        return _ReactorHandle(self._reactor.callLater(delay, callback))


class _ReactorHandle:
    """A delayed call that may be cancelled too late."""

    def __init__(self, call: Any) -> None:
        self._call = call

    def cancel(self) -> None:
        """Do not make it."""
        with suppress(AlreadyCalled, AlreadyCancelled):
            self._call.cancel()


def running() -> Any:
    """Give the loop of asyncio that runs in this thread, or the reactor that does.

    Nothing is imported for that: what nobody has imported does not run.
    """
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None:
        loop = asyncio._get_running_loop()
        if loop is not None:
            return loop
    reactor = sys.modules.get("twisted.internet.reactor")
    if reactor is not None and reactor.running and isInIOThread():
        return reactor
    return None


def loop_of(found: Any) -> Loop:
    """Give what ``running`` gave as a Loop."""
    loop: Loop = found if hasattr(found, "call_later") else ReactorLoop(found)
    return loop


class Follower:
    """Has what a virtual clock holds run when its time has come on a loop.

    Whoever moves the clock by hand brings it ahead of the loop; it stays so.
    """

    def __init__(self, clock: VirtualClock, loop: Loop) -> None:
        self._clock = clock
        self._loop = loop
        self._ahead_s = clock.seconds() - loop.time()
        self._handle: Handle | None = None
        self._due_s = inf
        self._waking = False
        self._skips: list[Handle] = []

    def look(self) -> None:
        """See to it that the loop wakes us for what is due first."""
        due_s = self._clock.next_s()
        if self._waking or due_s is None:
            return
        now_s, real_s = self._clock.seconds(), self._loop.time()
        if self._handle is not None:
            if due_s >= self._due_s >= now_s:
                return
            self._handle.cancel()
        self._due_s = due_s
        self._ahead_s = max(self._ahead_s, now_s - real_s)
        wait_s = due_s - self._ahead_s - real_s
        self._handle = self._loop.call_later(max(0.0, wait_s), self._wake)

    def skip(self, seconds: float) -> None:
        """Let so much time pass at once, as soon as the loop has its turn."""

        def go() -> None:
            self._skips.remove(handle)
            self.advance(seconds)

        handle = self._loop.call_later(0, go)
        self._skips.append(handle)

    def advance(self, seconds: float) -> None:
        """Let so much time pass now; the loop hears only of what is left then."""
        self._waking = True
        try:
            self._clock.advance(seconds)
        finally:
            self._waking = False
            self.look()

    def stop(self) -> None:
        """Follow no more."""
        for handle in (self._handle, *self._skips):
            if handle is not None:
                handle.cancel()
        self._handle = None

    def _wake(self) -> None:
        self._handle, self._due_s = None, inf
        self._waking = True
        clock = self._clock
        now_s = max(clock.seconds(), self._loop.time() + self._ahead_s)
        try:
            for _ in range(AT_ONCE):
                if not clock.step(now_s):
                    clock.advance(now_s - clock.seconds())
                    break
        finally:
            self._waking = False
            self.look()
