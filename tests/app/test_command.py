"""What the commands have in common; tests of ``rmq`` and ``mqadmin`` are the rest."""

import gc

import pytest
from client_kit import held
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock

from twistedmq.app.command import begin, run_in_reactor, until_the_end
from twistedmq.protocol.errors import InvalidParameterError


async def wrong() -> None:
    raise InvalidParameterError("no")


def test_an_error_is_told_and_becomes_the_status() -> None:
    told: list[Exception] = []

    def failed(error: Exception) -> int:
        told.append(error)
        return 7

    [ended] = held(begin(wrong(), "x", failed, verbose=False))
    assert ended.value.code == 7
    assert [str(error) for error in told] == ["no"]


def test_a_signal_cancels_what_runs() -> None:
    reactor = MemoryReactorClock()
    running: Deferred[None] = Deferred()
    ended = held(until_the_end(reactor, lambda _: running))
    [(cancel, arguments, keywords)] = reactor.triggers["before"]["shutdown"]
    assert held(cancel(*arguments, **keywords)) == [None]
    assert ended == [None]


def test_the_reactor_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def react(function: object, arguments: list[object]) -> None:
        asked.extend([function, arguments])
        raise SystemExit(0)

    monkeypatch.setattr("twisted.internet.task.react", react)
    start = held
    try:
        with pytest.raises(SystemExit):
            run_in_reactor(start)
    finally:
        gc.enable()
    assert asked == [until_the_end, [start]]
