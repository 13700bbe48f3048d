from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.broker.flow.read_holds import ReadHolds
from twistedmq.config.broker import BrokerLimits
from twistedmq.config.live import Live
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import TopicNotFoundError
from twistedmq.remoting.interfaces import Request
from twistedmq.remoting.timer_wheel import TimerWheel
from twistedmq.testing.connections import make_request

WAIT_S = 3.0


class Holds:
    def __init__(self, most: int = 10) -> None:
        self.clock = Clock()
        limits = Live(BrokerLimits(max_held_pulls=most))
        self.holds = ReadHolds(TimerWheel(self.clock), limits)
        self.served: list[Request] = []
        self.answers: list[Any] = []
        self.request = make_request(RequestCode.PULL_MESSAGE, None)

    def serve(self, request: Request) -> Reply | Deferred[Reply]:
        self.served.append(request)
        return Reply()

    def hold(self, serve: Any = None) -> Deferred[Reply]:
        held = self.holds.hold(self.request, serve or self.serve, WAIT_S)
        assert held is not None
        held.addBoth(self.answers.append)
        return held


@pytest.fixture
def side() -> Holds:
    return Holds()


def test_a_read_waits_then_is_served(side: Holds) -> None:
    side.hold()
    side.clock.advance(WAIT_S - 0.2)
    assert not side.served
    side.clock.advance(0.4)
    assert side.served == [side.request]
    assert [reply.code for reply in side.answers] == [0]
    assert len(side.holds) == 0


def test_an_answer_may_come_later(side: Holds) -> None:
    reading: Deferred[Reply] = Deferred()
    side.hold(lambda _request: reading)
    side.clock.advance(WAIT_S + 1)
    assert not side.answers
    reading.callback(Reply(7))
    assert [reply.code for reply in side.answers] == [7]


def test_what_goes_wrong_is_the_answer(side: Holds) -> None:
    def gone(_request: Request) -> Reply:
        raise TopicNotFoundError("T")

    side.hold(gone)
    side.clock.advance(WAIT_S + 1)
    side.answers[0].trap(TopicNotFoundError)


def test_nobody_is_served_whose_connection_is_lost(side: Holds) -> None:
    side.hold()
    side.request.connection.close("gone")
    side.clock.advance(WAIT_S + 1)
    assert not side.served
    assert len(side.holds) == 0


def test_all_are_served_when_the_broker_stops(side: Holds) -> None:
    side.hold()
    side.holds.wake_all()
    assert side.served == [side.request]
    side.clock.advance(WAIT_S + 1)
    assert len(side.served) == 1


def test_not_more_wait_than_may() -> None:
    side = Holds(most=1)
    side.hold()
    assert side.holds.hold(side.request, side.serve, WAIT_S) is None
