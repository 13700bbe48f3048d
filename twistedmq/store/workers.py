"""The store's own threads: cold reads, syncs, recovery.

Not the reactor's pool, which also resolves names: a slow disk must not stop those. Nor
one of its kind: that hands each call on through several locks held in Python, which
took more time than the sync of a small append.
"""

from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, ParamSpec, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

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


_Job = tuple["Deferred[Any]", Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class ThreadWorkers:
    """A bounded pool of threads beside a reactor; each begins when it is needed."""

    def __init__(self, reactor: Any, threads: int, name: str = "store") -> None:
        """*reactor* must provide IReactorFromThreads."""
        self._reactor = reactor
        self._most = threads
        self._name = name
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._lock = Lock()
        self._unfinished = 0

    def run(
        self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> "Deferred[T]":
        """Call *function* in a thread of the pool; may be called in any thread.

        After ``stop`` nothing is called any more, and the result never fires.
        """
        done: Deferred[T] = Deferred()
        with self._lock:
            self._unfinished += 1
            if len(self._threads) < min(self._unfinished, self._most):
                self._begin_thread()
        self._jobs.put((done, function, args, kwargs))
        return done

    def _begin_thread(self) -> None:
        name = f"{self._name}-{len(self._threads)}"
        thread = Thread(target=self._work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._do(*job)
            job = None  # a thread that waits holds on to nothing

    def _do(
        self,
        done: "Deferred[Any]",
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        fire: Callable[[Any], None] = done.callback
        try:
            result = function(*args, **kwargs)
        except BaseException:
            fire, result = done.errback, Failure()
        with self._lock:
            self._unfinished -= 1
        self._reactor.callFromThread(fire, result)

    def stop(self) -> None:
        """Wait for what runs, then end the threads."""
        threads = list(self._threads)
        for _ in threads:
            self._jobs.put(None)
        for thread in threads:
            thread.join()
