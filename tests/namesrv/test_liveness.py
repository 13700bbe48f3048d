import pytest
from twisted.internet.task import Clock

from twistedmq.config.live import Live
from twistedmq.config.namesrv import NamesrvConfig
from twistedmq.namesrv.liveness import Liveness, LivenessScan
from twistedmq.namesrv.registrations import BrokerKey
from twistedmq.testing.connections import FakeConnection

A, B = BrokerKey("c", "a:1"), BrokerKey("c", "b:1")


class Watch:
    def __init__(self) -> None:
        self.clock = Clock()
        self.config = Live(NamesrvConfig())
        self.gone: list[tuple[BrokerKey, str]] = []
        self.liveness = Liveness(self.clock.seconds, self.config)
        self.liveness.on_gone(lambda key, how: self.gone.append((key, how)))
        self.scan = LivenessScan(self.clock, self.liveness, self.config)
        self.scan.startService()

    def keys(self) -> list[BrokerKey]:
        return [key for key, _ in self.gone]


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_a_silent_broker_is_gone_after_two_minutes(watch: Watch) -> None:
    connection = FakeConnection()
    watch.liveness.registered(A, connection, None)
    watch.clock.pump([5.0] * 24)
    assert watch.gone == []
    watch.clock.pump([5.0])
    assert watch.gone == [(A, "silent for 120000 ms")]
    assert connection.close_reason == "broker a:1 is silent"


def test_a_broker_is_new_once(watch: Watch) -> None:
    connection = FakeConnection()
    assert watch.liveness.registered(A, connection, None)
    assert not watch.liveness.registered(A, connection, None)
    connection.close("test")
    assert watch.liveness.registered(A, FakeConnection(), None)


def test_signs_of_life_keep_a_broker(watch: Watch) -> None:
    watch.liveness.registered(A, FakeConnection(), None)
    for _ in range(10):
        watch.clock.pump([5.0] * 20)
        watch.liveness.heard(A)
    assert watch.gone == []


def test_a_broker_may_name_its_own_time(watch: Watch) -> None:
    watch.liveness.registered(A, FakeConnection(), 10_000)
    watch.liveness.registered(B, FakeConnection(), None)
    watch.clock.pump([5.0] * 3)
    assert watch.keys() == [A]


def test_a_lost_connection_is_noticed_at_once_and_once(watch: Watch) -> None:
    connection = FakeConnection()
    watch.liveness.registered(A, connection, None)
    watch.liveness.registered(B, connection, None)
    watch.liveness.registered(A, connection, None)
    connection.close("test")
    assert sorted(watch.gone) == [(A, "connection lost"), (B, "connection lost")]
    watch.clock.pump([5.0] * 30)
    assert len(watch.gone) == 2


def test_who_came_back_over_another_connection_does_not_go_with_the_old_one(
    watch: Watch,
) -> None:
    old, new = FakeConnection(), FakeConnection()
    watch.liveness.registered(A, old, None)
    watch.liveness.registered(A, new, None)
    old.close("test")
    assert watch.gone == []
    new.close("test")
    assert watch.keys() == [A]


def test_who_was_forgotten_is_not_waited_for(watch: Watch) -> None:
    connection = FakeConnection()
    watch.liveness.registered(A, connection, None)
    watch.liveness.forget(A)
    watch.liveness.forget(B)
    watch.liveness.heard(A)
    connection.close("test")
    watch.clock.pump([5.0] * 30)
    assert watch.gone == []


def test_the_settings_count_as_they_are_now(watch: Watch) -> None:
    watch.liveness.registered(A, FakeConnection(), None)
    watch.config.replace(inactive_after_ms=20_000, scan_interval_ms=1_000)
    watch.clock.pump([5.0, *[1.0] * 15])
    assert watch.gone == []
    watch.clock.pump([1.0])
    assert watch.keys() == [A]


def test_after_the_stop_nothing_is_due(watch: Watch) -> None:
    watch.scan.stopService()
    assert watch.clock.getDelayedCalls() == []
