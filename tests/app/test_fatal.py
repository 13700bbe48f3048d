import subprocess
import sys

import pytest
from twisted.internet.error import ReactorNotRunning
from twisted.python.failure import Failure

from twistedmq.app import fatal


class Reactor:
    def __init__(self) -> None:
        self.stops = 0

    def stop(self) -> None:
        self.stops += 1
        if self.stops > 1:
            raise ReactorNotRunning

    def callWhenRunning(self, call) -> None:
        call()


def test_a_refused_start_is_one_line_and_a_status(capsys) -> None:
    with pytest.raises(SystemExit) as end:
        fatal.refuse("port 9876 is in use")
    assert end.value.code == 1
    assert capsys.readouterr().err == "twistedmq: port 9876 is in use\n"


def test_a_fatal_error_stops_the_reactor_once(monkeypatch) -> None:
    registered = []
    monkeypatch.setattr(fatal.atexit, "register", lambda *a: registered.append(a))
    reactor = Reactor()
    errors = fatal.FatalErrors(reactor)
    errors(Failure(OSError("disk gone")))
    errors(Failure(OSError("again")))
    assert reactor.stops == 1
    assert registered == [(fatal.leave, 1)]


def test_a_reactor_that_stops_already_is_left_alone(monkeypatch) -> None:
    monkeypatch.setattr(fatal.atexit, "register", lambda *_: None)
    reactor = Reactor()
    reactor.stops = 1
    fatal.FatalErrors(reactor)(Failure(OSError("disk gone")))
    assert reactor.stops == 2


def test_the_exit_status_tells_of_it() -> None:
    program = (
        "import atexit\nfrom twistedmq.app.fatal import leave\n"
        "print('said')\natexit.register(leave, 1)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, stdout=subprocess.PIPE
    )
    assert done.returncode == 1
    assert done.stdout == b"said\n"
