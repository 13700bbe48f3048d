"""The one way out when the program cannot go on, or cannot begin."""

import atexit
import os
import sys
from contextlib import suppress
from typing import NoReturn, Protocol

from twisted.internet.error import ReactorNotRunning
from twisted.logger import Logger
from twisted.python.failure import Failure

FAILED = 1
WRONG_USAGE = 2


class Stoppable(Protocol):
    """What is needed of a reactor here."""

    def stop(self) -> None:
        """Begin to stop."""

    def callWhenRunning(self, call: object) -> object:  # noqa: N802
        """Make the call at once, or when the reactor has begun to run."""


def refuse(problem: str, status: int = FAILED) -> NoReturn:
    """End a start that cannot succeed: one line, and an exit status that says so."""
    sys.stderr.write(f"twistedmq: {problem}\n")
    sys.stderr.flush()
    raise SystemExit(status)


class FatalErrors:
    """Stops the tree after an error that leaves nothing to do, with exit status 1.

    ``twist`` leaves with status 0 however its reactor came to stop, so the status is
    set by what runs last in the process.
    """

    _log = Logger()

    def __init__(self, reactor: Stoppable) -> None:
        self._reactor = reactor
        self._told = False

    def __call__(self, failure: Failure) -> None:
        """Log the error and begin to stop; only the first one counts."""
        if self._told:
            return
        self._told = True
        self._log.critical("fatal: {problem}", problem=failure.getErrorMessage())
        self._log.debug("{trace}", trace=failure.getTraceback())
        atexit.register(leave, FAILED)
        self._reactor.callWhenRunning(self._stop)

    def _stop(self) -> None:
        with suppress(ReactorNotRunning):  # it stops already
            self._reactor.stop()


def leave(status: int) -> None:
    """End the process with *status*, everything written out."""
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.flush()
    os._exit(status)
