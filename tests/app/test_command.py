"""What the commands have in common; tests of ``rmq`` and ``mqadmin`` are the rest."""

import gc
import os
import subprocess
import sys

import pytest
from client_kit import held
from twisted.internet.defer import Deferred, succeed
from twisted.internet.testing import MemoryReactorClock

from twistedmq.app.command import begin, run_in_reactor, until_the_end
from twistedmq.app.quick_imports import imports_uncollected
from twistedmq.protocol.errors import InvalidParameterError


async def wrong() -> None:
    raise InvalidParameterError("no")


async def no_text() -> None:
    "b\udcff".encode()


def to_a_reader_who_left(program: str) -> tuple[int, str]:
    """Run a program whose output nobody reads; gives its status and its errors."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", program],
        stdout=writing,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": ""},
        text=True,
        timeout=60,
        check=False,
    )
    os.close(writing)
    return done.returncode, done.stderr


def test_an_error_is_told_and_becomes_the_status() -> None:
    told: list[Exception] = []

    def failed(error: Exception) -> int:
        told.append(error)
        return 7

    [ended] = held(begin(wrong(), "x", failed, verbose=False))
    assert ended.value.code == 7
    assert [str(error) for error in told] == ["no"]


def test_bytes_that_are_no_text_are_wrong_usage() -> None:
    told: list[Exception] = []
    held(begin(no_text(), "x", lambda e: told.append(e) or 1, verbose=False))  # type: ignore[func-returns-value]
    assert [str(error) for error in told] == [r"'b\udcff' is no text"]


@pytest.mark.parametrize("module", ["rmq", "mqadmin.main"])
def test_a_reader_who_left_is_no_failure(module: str) -> None:
    program = f"from twistedmq.app.{module} import main; main(['--help'])"
    assert to_a_reader_who_left(program) == (0, "")


def test_the_status_is_kept_when_a_reader_left() -> None:
    program = (
        "from twistedmq.app.command import output_to_a_shell\n"
        "with output_to_a_shell(): print('x' * 99_999); raise SystemExit(3)"
    )
    # the buffer was full before the status was known
    assert to_a_reader_who_left(program) == (0, "")
    assert to_a_reader_who_left(program.replace("99_999", "9")) == (3, "")


def test_a_terminal_without_the_characters_is_no_failure() -> None:
    program = (
        "from twistedmq.app.command import output_to_a_shell\n"
        "with output_to_a_shell(): print('\u65e5')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        timeout=60,
        check=True,
    )
    assert done.stdout == b"\\u65e5\n"


def test_a_signal_cancels_what_runs() -> None:
    reactor = MemoryReactorClock()
    running: Deferred[None] = Deferred()
    ended = held(until_the_end(reactor, lambda _: running))
    [(cancel, arguments, keywords)] = reactor.triggers["before"]["shutdown"]
    assert held(cancel(*arguments, **keywords)) == [None]
    assert ended == [None]


@pytest.mark.parametrize(("ends", "status"), [(True, 130), (False, None)])
def test_what_is_called_off_is_not_done(ends: bool, status: int | None) -> None:
    waiting: Deferred[None] = Deferred()

    async def wait() -> None:
        await waiting

    running = begin(wait(), "x", lambda _: 1, verbose=False, ends=ends)
    reactor = MemoryReactorClock()
    ended = held(until_the_end(reactor, lambda _: running))
    [(cancel, *_)] = reactor.triggers["before"]["shutdown"]
    cancel()
    assert getattr(getattr(ended[0], "value", None), "code", None) == status


def test_what_takes_longer_has_its_garbage_collected() -> None:
    reactor = MemoryReactorClock()
    running: Deferred[None] = Deferred()
    with imports_uncollected():
        held(until_the_end(reactor, lambda _: running))
        reactor.advance(0.9)
        assert not gc.isenabled()
        reactor.advance(0.1)
        assert gc.isenabled()
    running.callback(None)


def test_what_is_short_has_not() -> None:
    reactor = MemoryReactorClock()
    with imports_uncollected():
        held(until_the_end(reactor, lambda _: succeed(None)))
        assert not gc.isenabled()
    assert not reactor.getDelayedCalls()


def test_the_reactor_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def react(function: object, arguments: list[object]) -> None:
        asked.extend([function, arguments])
        raise SystemExit(0)

    monkeypatch.setattr("twisted.internet.task.react", react)
    start = held
    with pytest.raises(SystemExit):
        run_in_reactor(start)
    assert asked == [until_the_end, [start]]
    assert gc.isenabled()
