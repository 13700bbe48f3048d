"""Workers without threads."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred, maybeDeferred

P = ParamSpec("P")
T = TypeVar("T")


class InlineWorkers:
    """Runs everything at once, in the caller's thread."""

    def run(
        self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> "Deferred[T]":
        """Call *function* now."""
        return maybeDeferred(function, *args, **kwargs)

    def stop(self) -> None:
        """Nothing runs."""


class HeldWorkers:
    """Keeps what it is given until the test says go on: threads that are slow."""

    def __init__(self) -> None:
        self._jobs: list[tuple[Deferred[Any], Callable[[], Any]]] = []

    def run(
        self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> "Deferred[T]":
        """Keep the call."""
        done: Deferred[T] = Deferred()
        self._jobs.append((done, lambda: function(*args, **kwargs)))
        return done

    @property
    def waiting(self) -> int:
        """How many calls are kept."""
        return len(self._jobs)

    def go_on(self) -> None:
        """Make the oldest kept call."""
        done, call = self._jobs.pop(0)
        maybeDeferred(call).chainDeferred(done)

    def go_on_all(self) -> None:
        """Make every kept call, and those that they lead to."""
        while self._jobs:
            self.go_on()

    def stop(self) -> None:
        """Make what is kept."""
        self.go_on_all()
