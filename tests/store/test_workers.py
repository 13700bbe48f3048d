import threading

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
