"""Doing something again and again, by the clock that is given."""

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall


class PeriodicCall(LoopingCall):
    """A ``LoopingCall`` that does not ask for the global reactor when it is made.

    Asking for it installs one, and then a program can choose no other.

    Args:
        function: what is called; the next call waits for the Deferred that it gives.
        clock: for the period.
    """

    def __init__(self, function: Callable[[], object], clock: IReactorTime) -> None:
        self.f = function
        self.a = ()
        self.kw = {}
        self.clock = clock
