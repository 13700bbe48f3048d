"""The fine points of loans; the rest is tested with ``SimpleConsumer``."""

from typing import Any

import pytest
from client_kit import WALL_MS, held, received, result_of
from pop_cluster import PopCluster
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.client.message import ReceivedMessage
from twistedmq.client.pop_acks import AckParts, PopAcks
from twistedmq.client.pop_calls import PopCalls
from twistedmq.client.pop_clock import BrokerClocks
from twistedmq.client.pop_errors import ReceiptHandleExpiredError
from twistedmq.client.pop_loans import LoanParts, Loans
from twistedmq.client.popped import with_handle
from twistedmq.client.retrying import Retries, RetryParts
from twistedmq.client.session import Session
from twistedmq.protocol.codes import RequestCode, ResponseCode


@pytest.fixture
def cluster(clock: Clock) -> PopCluster:
    made = PopCluster(clock)
    made.create("T", queues=1)
    return made


@pytest.fixture
def loans(cluster: PopCluster) -> Loans:
    session = Session(cluster.settings())
    result_of(session.start())
    result_of(session.routes.get("T"))
    session.routes.stop()
    calls = PopCalls(session.pool)
    retries = RetryParts(
        group="G",
        max_reconsume_times=3,
        calls=session.calls,
        routes=session.routes,
        pool=session.pool,
        clock=session.reactor,
        wall_ms=session.wall_ms,
        next_id=session.unique_ids(),
    )
    parts = LoanParts(
        group="G",
        most_times=3,
        calls=calls,
        acks=PopAcks(AckParts("G", calls, session.routes, session.reactor)),
        retries=Retries(retries),
        routes=session.routes,
        clocks=BrokerClocks(session.wall_ms),
        clock=session.reactor,
    )
    return Loans(parts)


def lent(
    offset: int = 0, invisible_ms: int = 10_000, **changes: Any
) -> ReceivedMessage:
    handle = f"0 {WALL_MS} {invisible_ms} 3 0 broker-0 0 {offset}"
    return with_handle(received("x", offset=offset, **changes), handle)


def test_time_is_over_when_it_is_over(loans: Loans, clock: Clock) -> None:
    message = lent()
    clock.advance(9.9)
    assert not loans.is_over(message)
    clock.advance(0.1)
    assert loans.is_over(message)
    with pytest.raises(ReceiptHandleExpiredError):
        loans.ack(message)


def test_who_acks_quietly_too_late_finds_it_in_the_log(
    cluster: PopCluster, loans: Loans, clock: Clock, logged: Any
) -> None:
    clock.advance(11)
    loans.ack_quietly(lent())
    clock.advance(0)
    assert logged("G: the receipt handle", "ended 1000 ms ago")
    assert RequestCode.ACK_MESSAGE not in cluster.codes()


def test_what_cannot_be_given_back_comes_by_itself(
    cluster: PopCluster, loans: Loans, clock: Clock, logged: Any
) -> None:
    code = RequestCode.CHANGE_MESSAGE_INVISIBLETIME
    cluster.refuse[code] = ResponseCode.NO_PERMISSION, "no"
    loans.give_back([lent(), lent(invisible_ms=0)])
    assert cluster.codes().count(code) == 1
    assert logged("comes again when its time is over", "no")
    assert result_of(Deferred.fromCoroutine(loans.finish(5))) is None


def test_finishing_has_an_end(
    cluster: PopCluster, loans: Loans, clock: Clock, logged: Any
) -> None:
    cluster.down.add(cluster.addresses["broker-0"])
    loans.ack_quietly(lent())
    finished = held(Deferred.fromCoroutine(loans.finish(1)))
    clock.pump([0.5, 0.5])
    assert finished == [None]
    assert logged("G: acks are not sent after 1 s")
    clock.pump([1.0] * 4)


def test_only_what_came_back_too_often_is_taken_out(loans: Loans) -> None:
    messages = [lent(reconsume_times=times) for times in (0, 2)]
    assert loans.without_spent(messages) is messages
