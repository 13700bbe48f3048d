"""What holds for every test: no logged failure goes by, none hangs for ever, memory is
collected cheaply.
"""

import faulthandler
import gc
import os
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings
from twisted.logger import LogEvent, formatEvent, globalLogPublisher
from twisted.python.failure import Failure

settings.register_profile("short", max_examples=30, deadline=None)
settings.register_profile(
    "ci",
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))

LONGEST_S = 180
LONGEST_OF_S = {"interop": 900, "soak": 0}
"""How long a test of a kind may take; 0 for ever."""
ARM_S = 10
END_S = 60
ERRORS = pytest.StashKey[int]()
ARMED_S = pytest.StashKey[float]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ERRORS] = os.dup(sys.stderr.fileno())
    config.stash[ARMED_S] = 0.0


def pytest_runtest_setup(item: pytest.Item) -> None:
    """End the run, and say what all threads are at, if this test hangs.

    pytest's own ``faulthandler_timeout`` begins a thread for each test: seconds in all.
    """
    special = [s for kind, s in LONGEST_OF_S.items() if item.get_closest_marker(kind)]
    now_s = time.monotonic()
    if special or now_s > item.config.stash[ARMED_S] + ARM_S:
        item.config.stash[ARMED_S] = now_s
        faulthandler.cancel_dump_traceback_later()
        if longest_s := special[0] if special else LONGEST_S:
            errors = item.config.stash[ERRORS]
            faulthandler.dump_traceback_later(longest_s, exit=True, file=errors)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Likewise if a thread that a test has left keeps this program from ending."""
    errors = config.stash[ERRORS]  # stays open
    faulthandler.dump_traceback_later(END_S, exit=True, file=errors)


@pytest.fixture(scope="session", autouse=True)
def _frozen() -> None:
    """Take what was imported out of the garbage collector's sight."""
    gc.collect()
    gc.freeze()


class LoggedFailures:
    """The failures logged during one test, Deferreds nobody listened to included."""

    def __init__(self) -> None:
        self._events: list[LogEvent] = []

    def __call__(self, event: LogEvent) -> None:
        if "log_failure" in event:
            self._events.append(event)

    def flush(self, *kinds: type[BaseException]) -> list[Failure]:
        """Take out the failures of these *kinds* (of all, if none is named)."""
        taken = [e for e in self._events if not kinds or e["log_failure"].check(*kinds)]
        self._events = [e for e in self._events if e not in taken]
        return [event["log_failure"] for event in taken]


@pytest.fixture(autouse=True)
def logged_failures() -> Iterator[LoggedFailures]:
    """Fail the test if anything logged a failure that the test did not flush."""
    seen = LoggedFailures()
    globalLogPublisher.addObserver(seen)
    yield seen
    gc.collect(1)  # a failed Deferred that nobody handled speaks up when it goes
    globalLogPublisher.removeObserver(seen)
    left = seen.flush()
    if left:
        pytest.fail("logged: " + "\n".join(f.getTraceback() for f in left))


@pytest.fixture
def logged() -> Iterator[Callable[..., bool]]:
    """Say whether one line of the log, as people read it, holds all of some words."""
    lines: list[str] = []

    def note(event: LogEvent) -> None:
        lines.append(formatEvent(event))

    globalLogPublisher.addObserver(note)
    yield lambda *words: any(all(w in line for w in words) for line in lines)
    globalLogPublisher.removeObserver(note)
