"""Silent clients are forgotten by the clock."""

import pytest
from read_side import ReadSide, pull_header

from twistedmq.broker.clients.housekeeping import ClientHousekeeping
from twistedmq.config.broker import ClientExpiry
from twistedmq.config.live import Live
from twistedmq.protocol.codes import RequestCode
from twistedmq.testing.connections import FakeConnection


@pytest.fixture
def side() -> ReadSide:
    made = ReadSide()
    made.topic("T")
    return made


@pytest.fixture
def service(side: ReadSide) -> ClientHousekeeping:
    made = ClientHousekeeping(
        side.clock, side.clock.seconds, side.clients, Live(ClientExpiry())
    )
    made.startService()
    return made


def test_two_minutes_of_silence_are_too_many(
    side: ReadSide, service: ClientHousekeeping
) -> None:
    connection = FakeConnection()
    side.heartbeat(connection=connection)
    side.clock.pump([10.0] * 12)
    assert side.clients.consumer_ids("G") == ["c1"]
    side.clock.advance(10)
    assert side.clients.consumer_ids("G") == []
    assert connection.close_reason is not None


def test_heartbeats_keep_a_client(side: ReadSide, service: ClientHousekeeping) -> None:
    connection = FakeConnection()
    for _ in range(10):
        side.heartbeat(connection=connection)
        side.clock.pump([10.0] * 3)
    assert side.clients.consumer_ids("G") == ["c1"]


def test_pulled_subscriptions_are_forgotten_later(
    side: ReadSide, service: ClientHousekeeping
) -> None:
    side.ask(RequestCode.PULL_MESSAGE, pull_header())
    side.clock.pump([10.0] * 60)
    assert side.clients.subscription("G", "T") is not None
    side.clock.pump([10.0] * 61)
    assert side.clients.subscription("G", "T") is None


def test_nothing_runs_after_the_stop(
    side: ReadSide, service: ClientHousekeeping
) -> None:
    service.stopService()
    assert side.clock.getDelayedCalls() == []
