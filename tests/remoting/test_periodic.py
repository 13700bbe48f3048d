import subprocess
import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.remoting.periodic import PeriodicCall


def test_it_calls_again_and_again_until_it_is_stopped() -> None:
    clock, calls = Clock(), []
    periodic = PeriodicCall(lambda: calls.append(clock.seconds()), clock)
    periodic.start(2.0, now=False)
    clock.pump([1.0] * 5)
    periodic.stop()
    clock.pump([1.0] * 5)
    assert calls == [2.0, 4.0]


def test_the_next_call_waits_for_the_one_before() -> None:
    clock, calls = Clock(), []
    busy: Deferred[None] = Deferred()

    def work() -> Deferred[None]:
        calls.append(clock.seconds())
        return busy

    periodic = PeriodicCall(work, clock)
    periodic.start(1.0)
    clock.pump([1.0] * 3)
    assert calls == [0.0]
    busy.callback(None)
    clock.pump([1.0])
    assert calls == [0.0, 4.0]
    periodic.stop()


def test_a_call_that_fails_is_not_the_last(logged_failures: Any) -> None:
    clock, calls = Clock(), []
    failing: Deferred[None] = Deferred()

    def work() -> Deferred[None] | None:
        calls.append(clock.seconds())
        if len(calls) == 1:
            raise KeyError("nobody thought of that")
        return failing if len(calls) == 2 else None

    periodic = PeriodicCall(work, clock)
    ended = periodic.start(1.0)
    clock.pump([1.0] * 2)
    failing.errback(ValueError("nor of that"))
    clock.pump([1.0] * 2)
    assert calls == [0.0, 1.0, 3.0, 4.0]
    assert periodic.running
    periodic.stop()
    assert ended.result is periodic
    assert [type(f.value) for f in logged_failures.flush()] == [KeyError, ValueError]


def test_making_one_installs_no_reactor() -> None:
    program = (
        "import sys\n"
        "from twisted.internet.task import Clock\n"
        "from twistedmq.remoting.periodic import PeriodicCall\n"
        "call = PeriodicCall(print, Clock())\n"
        "call.start(1.0)\ncall.stop()\n"
        "assert 'twisted.internet.reactor' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
