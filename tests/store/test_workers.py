import threading
from collections.abc import Callable
from typing import Any

import pytest_twisted
from twisted.internet import reactor

from twistedmq.store.workers import ThreadWorkers


@pytest_twisted.inlineCallbacks
def test_functions_run_in_other_threads_and_come_back() -> None:
    workers = ThreadWorkers(reactor, 2)
    try:
        name = yield workers.run(threading.get_ident)
        assert name != threading.get_ident()
        try:
            yield workers.run(int, "x")
        except ValueError:
            pass
        else:
            raise AssertionError("the error was lost")
    finally:
        workers.stop()


class Caller:
    """Makes the calls from threads at once, where they come from."""

    def callFromThread(self, function: Callable[..., Any], *args: Any) -> None:
        function(*args)


def test_there_are_no_more_threads_than_needed_and_allowed() -> None:
    workers, gate = ThreadWorkers(Caller(), 2), threading.Event()
    before = threading.active_count()
    waiting = [workers.run(gate.wait)]
    assert threading.active_count() == before + 1
    waiting += [workers.run(gate.wait) for _ in range(4)]
    assert threading.active_count() == before + 2
    gate.set()
    workers.stop()
    assert [done.result for done in waiting] == [True] * 5  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_stopping_waits_for_what_was_begun() -> None:
    workers, done = ThreadWorkers(Caller(), 1), list[int]()
    for number in range(5):
        workers.run(done.append, number)
    workers.stop()
    assert done == [0, 1, 2, 3, 4]
