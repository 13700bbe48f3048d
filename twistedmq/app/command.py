"""What the commands for shells have in common: one run of the reactor, one line a
failure.
"""

import gc
import os
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import Any, Final, NoReturn

from twistedmq.app.quick_imports import (
    collect_from_now,
    imports_uncollected,
    needless_left_out,
)

CALLED_OFF: Final = 130
"""The exit status of shells for what Ctrl-C ended before it was done."""
SHORT_S: Final = 1.0
"""What takes longer has its garbage collected; most commands have ended before."""


@contextmanager
def output_to_a_shell() -> Iterator[None]:
    """Have what is printed not fail: for characters, or for readers that have left.

    Characters that the terminal does not have are written as escapes. A program that
    reads our output and has seen enough (``head``) ends us, with the status so far.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    status: Any = 0
    try:
        try:
            yield
        except SystemExit as ended:
            status = ended.code
            raise
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # else Python tries it once more, and complains
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(status) from None


def run_in_reactor(start: Callable[[Any], Any]) -> NoReturn:
    """Have *start* called with the reactor, wait for its Deferred, and exit."""
    with imports_uncollected():
        # the reactor costs most of the start, so --help and wrong usage do without
        with needless_left_out():
            from twisted.internet import reactor as _  # noqa: F401, PLC0415
        from twisted.internet.task import react  # noqa: PLC0415

        react(until_the_end, [start])
    raise AssertionError("react does not return")


def until_the_end(reactor: Any, start: Callable[[Any], Any]) -> Any:
    """Run it; a signal cancels it, so that it takes its leave of the servers."""
    from twisted.internet.defer import CancelledError, Deferred  # noqa: PLC0415

    running = start(reactor)
    ended: Deferred[None] = Deferred()
    collecting = reactor.callLater(SHORT_S, collect_from_now)

    def over(result: Any) -> Any:
        if collecting.active():
            collecting.cancel()
        gc.freeze()  # else the interpreter looks through everything when it ends
        ended.callback(None)
        return result

    def cancel() -> Deferred[None]:
        running.cancel()
        return ended

    running.addErrback(lambda failure: failure.trap(CancelledError) and None)
    running.addBoth(over)
    reactor.addSystemEventTrigger("before", "shutdown", cancel)
    return running


def begin(
    verb: Coroutine[Any, Any, None],
    name: str,
    failed: Callable[[Exception], int],
    *,
    verbose: bool,
    ends: bool = True,
) -> Any:
    """Give the Deferred of *verb*; it fails with SystemExit where the verb fails.

    Args:
        verb: what is done.
        name: what lines on standard error begin with.
        failed: tells an error and gives the exit status.
        verbose: whether all that is logged is told.
        ends: whether it comes to an end by itself, so that it is not done where a
            signal ends it.
    """
    from twisted.internet.defer import Deferred  # noqa: PLC0415

    running = Deferred.fromCoroutine(_guarded(verb, name, failed, verbose))
    return running.addErrback(_called_off) if ends else running


def _called_off(failure: Any) -> NoReturn:
    from twisted.internet.defer import CancelledError  # noqa: PLC0415

    failure.trap(CancelledError)
    raise SystemExit(CALLED_OFF)


async def _guarded(
    verb: Coroutine[Any, Any, None],
    name: str,
    failed: Callable[[Exception], int],
    verbose: bool,
) -> None:
    from twistedmq.protocol.errors import (  # noqa: PLC0415
        InvalidParameterError,
        TwistedMQError,
    )

    try:
        with told_on_stderr(name, verbose):
            await verb
        sys.stdout.flush()
    except BrokenPipeError:
        # whoever read our output has seen enough
        raise SystemExit(0) from None
    except UnicodeEncodeError as error:
        # bytes of the command line that are no text
        wrong = InvalidParameterError(f"{error.object!r} is no text")
        raise SystemExit(failed(wrong)) from None
    except (TwistedMQError, OSError) as error:
        raise SystemExit(failed(error)) from None


@contextmanager
def told_on_stderr(name: str, verbose: bool) -> Iterator[None]:
    """Have warnings told on standard error, one line each."""
    from twisted.logger import (  # noqa: PLC0415
        FileLogObserver,
        FilteringLogObserver,
        LogEvent,
        LogLevel,
        LogLevelFilterPredicate,
        formatEvent,
        globalLogPublisher,
    )

    def line(event: LogEvent) -> str:
        return f"{name}: {formatEvent(event)}\n"

    level = LogLevel.debug if verbose else LogLevel.warn
    observer = FileLogObserver(sys.stderr, line)
    told = FilteringLogObserver(observer, [LogLevelFilterPredicate(level)])
    globalLogPublisher.addObserver(told)
    try:
        yield
    finally:
        globalLogPublisher.removeObserver(told)
