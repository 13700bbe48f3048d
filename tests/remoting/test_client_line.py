from random import Random

import pytest
from remoting_kit import Rig
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionRefusedError as Refused

from twistedmq.remoting.backoff import Backoff
from twistedmq.remoting.client_line import ClientLine
from twistedmq.remoting.dispatch import Dispatcher
from twistedmq.remoting.errors import ConnectError


class Ways:
    """Stands for the network: each attempt is decided by the test."""

    def __init__(self) -> None:
        self.attempts: list[Deferred] = []

    def connect(self, address: str) -> Deferred:
        self.attempts.append(Deferred())
        return self.attempts[-1]


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def ways() -> Ways:
    return Ways()


@pytest.fixture
def line(ways, now) -> ClientLine:
    backoff = Backoff(0.1, 3.0, Random(1))
    return ClientLine("a:1", ways.connect, backoff, lambda: now[0])


def outcomes(*wanted: Deferred) -> list[object]:
    got: list[object] = []
    for one in wanted:
        one.addBoth(got.append)
    return got


def test_all_who_want_it_share_one_attempt_and_one_connection(line, ways):
    got = outcomes(line.connection(), line.connection())
    assert len(ways.attempts) == 1
    assert got == []
    rig = Rig(Dispatcher({}))
    ways.attempts[0].callback(rig.protocol)
    assert got == [rig.protocol, rig.protocol]
    assert outcomes(line.connection()) == [rig.protocol]
    assert line.usable is rig.protocol


def test_a_lost_connection_is_opened_again_when_wanted(line, ways):
    line.connection()
    rig = Rig(Dispatcher({}))
    ways.attempts[0].callback(rig.protocol)
    rig.lose()
    assert line.usable is None
    line.connection()
    assert len(ways.attempts) == 2


def test_one_that_is_closing_is_replaced_and_its_end_changes_nothing(line, ways):
    line.connection()
    old, new = Rig(Dispatcher({})), Rig(Dispatcher({}))
    ways.attempts[0].callback(old.protocol)
    old.protocol.close("idle")
    got = outcomes(line.connection())
    ways.attempts[1].callback(new.protocol)
    old.lose()
    assert got == [new.protocol]
    assert line.usable is new.protocol


def test_a_failure_names_the_address_and_the_reason(line, ways):
    got = outcomes(line.connection(), line.connection())
    ways.attempts[0].errback(Refused())
    assert [f.value.address for f in got] == ["a:1", "a:1"]
    assert "refused" in str(got[0].value)


def test_after_a_failure_the_address_rests_longer_each_time(line, ways, now):
    rests = []
    for _ in range(4):
        outcomes(line.connection())
        ways.attempts[-1].errback(Refused())
        (refused,) = outcomes(line.connection())
        assert refused.check(ConnectError)
        assert "tried again in" in refused.getErrorMessage()
        rests.append(line._rest_until - now[0])
        now[0] = line._rest_until
    assert len(ways.attempts) == 4
    assert rests == sorted(rests)
    got = outcomes(line.connection())
    rig = Rig(Dispatcher({}))
    ways.attempts[-1].callback(rig.protocol)
    assert got == [rig.protocol]
    assert line._failures == 0


def test_giving_up_and_cancelling_leave_the_attempt_to_the_others(line, ways):
    impatient, cancelled, patient = (line.connection() for _ in range(3))
    got = outcomes(impatient, cancelled, patient)
    line.give_up(impatient, TimeoutError())
    line.give_up(impatient, TimeoutError())
    cancelled.cancel()
    rig = Rig(Dispatcher({}))
    ways.attempts[0].callback(rig.protocol)
    assert got[0].check(TimeoutError)
    assert got[1].check(CancelledError)
    assert got[2] is rig.protocol


@pytest.mark.parametrize("is_found", [True, False])
def test_who_is_told_may_give_up_the_others(line, ways, is_found):
    first, second = line.connection(), line.connection()
    first.addBoth(lambda _: second.cancel())
    got = outcomes(second)
    if is_found:
        ways.attempts[0].callback(Rig(Dispatcher({})).protocol)
    else:
        ways.attempts[0].errback(Refused())
    assert got[0].check(CancelledError)


def test_closing_fails_who_waits_and_who_comes_later(line, ways):
    got = outcomes(line.connection())
    closed = outcomes(line.close())
    assert closed == [None]
    assert got[0].check(ConnectError)
    (late,) = outcomes(line.connection())
    assert "closed" in late.getErrorMessage()


def test_closing_ends_the_connection_and_waits_for_its_end(line, ways):
    line.connection()
    rig = Rig(Dispatcher({}))
    ways.attempts[0].callback(rig.protocol)
    closed = outcomes(line.close())
    assert rig.transport.disconnecting
    assert closed == []
    rig.lose()
    assert closed == [None]
