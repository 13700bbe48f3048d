"""Doing something again and again, by the clock that is given."""

from collections.abc import Callable
from functools import partial

from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

_log = Logger()


class PeriodicCall(LoopingCall):
    """A ``LoopingCall`` that does not ask for the global reactor when it is made.

    Asking for it installs one, and then a program can choose no other. A call that
    fails is logged, and the next one comes all the same: heartbeats and commits must
    not end for ever because one of them met what nobody had thought of.

    Args:
        function: what is called; the next call waits for the Deferred that it gives.
        clock: for the period.
    """

    def __init__(self, function: Callable[[], object], clock: IReactorTime) -> None:
        self.f = partial(_done_or_told, function)
        self.a = ()
        self.kw = {}
        self.clock = clock


def _done_or_told(function: Callable[[], object]) -> object:
    return maybeDeferred(function).addErrback(_tell)


def _tell(failure: Failure) -> None:
    failure.cleanFailure()  # the log keeps it, and it would keep what was at work
    _log.failure("what is done again and again failed this time", failure)
