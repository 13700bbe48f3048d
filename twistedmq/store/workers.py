"""The store's own threads: cold reads, syncs, recovery.

Not the reactor's pool, which also resolves names: a slow disk must not stop those.
"""

from collections.abc import Callable
from typing import Any, ParamSpec, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

P = ParamSpec("P")
T = TypeVar("T")


class Workers(Protocol):
    """Runs functions elsewhere."""

    def run(
        self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> "Deferred[T]":
        """Call *function* in a thread; fires in the reactor thread with its result."""

    def stop(self) -> None:
        """Wait for what runs, then end the threads."""


class ThreadWorkers:
    """A bounded pool of threads beside a reactor."""

    def __init__(self, reactor: Any, threads: int, name: str = "store") -> None:
        """*reactor* must provide IReactorFromThreads."""
        self._reactor = reactor
        self._pool = ThreadPool(0, threads, name)
        self._pool.start()

    def run(
        self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> "Deferred[T]":
        """Call *function* in a thread of the pool."""
        return deferToThreadPool(self._reactor, self._pool, function, *args, **kwargs)

    def stop(self) -> None:
        """Wait for what runs, then end the threads."""
        self._pool.stop()
