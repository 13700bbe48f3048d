"""What holds for every test: no logged failure goes by, none hangs for ever, memory is
collected cheaply.
"""

import gc
import os
from collections.abc import Callable, Iterator

import pytest
from hang_watch import HangWatch
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


def pytest_configure(config: pytest.Config) -> None:
    """Have all tests watched, those elsewhere too."""
    config.pluginmanager.register(HangWatch())


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
