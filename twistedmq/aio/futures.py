"""Deferreds as Futures, and tasks as Deferreds: results, errors, cancellation."""

from asyncio import AbstractEventLoop, Future
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from twistedmq.client.deferreds import FutureDeferred

T = TypeVar("T")


class DeferredFuture(Future[T]):
    """What a Deferred will give. Cancelling one cancels the other.

    Args:
        deferred: its result goes nowhere else.
        loop: where it is awaited.
    """

    def __init__(self, deferred: Deferred[T], loop: AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._deferred = deferred
        deferred.addCallbacks(self._succeeded, self._failed)

    def cancel(self, msg: Any | None = None) -> bool:
        """Give up: who waits hears it at once, and the Deferred is cancelled."""
        if not super().cancel(msg):
            return False
        self._deferred.cancel()
        return True

    def _succeeded(self, result: T) -> None:
        if not self.done():
            self.set_result(result)

    def _failed(self, failure: Failure) -> None:
        if self.done():
            return
        error = failure.value
        assert error is not None
        if isinstance(error, CancelledError):
            super().cancel()
        elif isinstance(error, StopIteration):
            # a Future cannot hold one; a coroutine would do the same
            self.set_exception(RuntimeError(f"raised StopIteration: {error}"))
        else:
            if error.__traceback__ is None:
                error = error.with_traceback(failure.getTracebackObject())
            self.set_exception(error)


class PatientFuture(DeferredFuture[T]):
    """What a Deferred will give; when cancelled it ends with the Deferred, not before.

    So that who cancels can rely on it that all is closed.
    """

    _asked = False

    def cancel(self, msg: Any | None = None) -> bool:
        """Cancel the Deferred; who waits hears of it when that has fired."""
        if self.done():
            return False
        self._asked = True
        self._deferred.cancel()
        return True

    def _succeeded(self, result: T) -> None:
        if self._asked:
            Future.cancel(self)
        super()._succeeded(result)

    def _failed(self, failure: Failure) -> None:
        if self._asked:
            Future.cancel(self)
        super()._failed(failure)


def deferred_of(future: Future[T]) -> Deferred[T]:
    """Give what a task or Future will give. Cancelling one cancels the other."""

    def done(_future: Future[T]) -> None:
        if deferred.called:
            return
        if future.cancelled():
            deferred.errback(Failure(CancelledError()))
            return
        error = future.exception()
        if error is None:
            deferred.callback(future.result())
        else:
            deferred.errback(Failure(error, type(error), error.__traceback__))

    deferred = FutureDeferred(future)
    future.add_done_callback(done)
    return deferred


def lost_to_cancel(future: Future[T]) -> bool:
    """Whether who awaited *future* was cancelled in the moment when it had succeeded.

    To be asked where the await ended with asyncio's CancelledError.
    """
    return future.done() and not future.cancelled() and future.exception() is None
