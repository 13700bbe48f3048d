from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionRefusedError, TimeoutError
from twisted.internet.task import Clock
from twisted.logger import formatEvent, globalLogPublisher

from twistedmq.broker.registration.reachability import (
    AGAIN_S,
    AGAIN_WHILE_FAILING_S,
    AdvertisedAddressCheck,
)
from twistedmq.config.live import Live
from twistedmq.config.reachability import ReachabilityConfig


class Dialled:
    def __init__(self) -> None:
        self.clock = Clock()
        self.config = Live(ReachabilityConfig())
        self.dials: list[tuple[float, Deferred[None]]] = []
        self.cancelled = 0
        self.lines: list[str] = []
        self.check = AdvertisedAddressCheck(
            self.clock, self.config, "10.0.0.9:10911", self.dial
        )

    def dial(self, timeout_s: float) -> Deferred[None]:
        def cancel(_: object) -> None:
            self.cancelled += 1

        dialling: Deferred[None] = Deferred(cancel)
        self.dials.append((timeout_s, dialling))
        return dialling

    def succeed(self) -> None:
        self.dials[-1][1].callback(None)

    def fail(self, error: Exception) -> None:
        self.dials[-1][1].errback(error)

    def log(self, event: Any) -> None:
        self.lines.append(f"{event['log_level'].name}: {formatEvent(event)}")


@pytest.fixture
def dialled() -> Any:
    dialled = Dialled()
    globalLogPublisher.addObserver(dialled.log)
    yield dialled
    globalLogPublisher.removeObserver(dialled.log)


def test_an_address_that_is_reached_is_dialled_again_at_times(dialled: Dialled) -> None:
    dialled.check.startService()
    assert [timeout for timeout, _ in dialled.dials] == [5.0]
    assert dialled.check.reachable is None
    dialled.succeed()
    assert dialled.check.reachable
    dialled.clock.advance(AGAIN_S)
    assert len(dialled.dials) == 2
    assert dialled.lines == []


def test_one_that_is_not_reached_is_told_once_with_the_setting(
    dialled: Dialled,
) -> None:
    dialled.check.startService()
    dialled.fail(TimeoutError())
    [line] = dialled.lines
    assert line.startswith(
        "warn: clients are told to connect to 10.0.0.9:10911, and from this machine "
        "that fails: "
    )
    assert "set brokerIP1" in line
    dialled.clock.advance(AGAIN_WHILE_FAILING_S)
    dialled.fail(ConnectionRefusedError())
    assert len(dialled.lines) == 1
    dialled.clock.advance(AGAIN_WHILE_FAILING_S)
    dialled.succeed()
    assert dialled.lines[1:] == [
        "info: 10.0.0.9:10911, as clients are told, can be reached now"
    ]


def test_who_stops_dials_no_more(dialled: Dialled) -> None:
    dialled.check.startService()
    dialled.check.stopService()
    assert dialled.cancelled == 1
    assert dialled.lines == []
    assert dialled.clock.getDelayedCalls() == []
    dialled.check.startService()
    dialled.succeed()
    dialled.check.stopService()
    assert dialled.clock.getDelayedCalls() == []


def test_it_can_be_off(dialled: Dialled) -> None:
    dialled.config.replace(dial_back=False)
    dialled.check.startService()
    assert dialled.dials == []
    dialled.config.replace(dial_back=True, dial_back_timeout_ms=100)
    dialled.clock.advance(AGAIN_S)
    assert [timeout for timeout, _ in dialled.dials] == [0.1]
