import pytest
from client_kit import held, result_of
from pop_cluster import PopCluster
from twisted.internet.task import Clock

from twistedmq.client.pop_calls import PopCalls
from twistedmq.client.pop_clock import BrokerClocks
from twistedmq.client.pop_notices import NoticeParts, PopNotices
from twistedmq.client.session import Session
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode

ONE, TWO = (MessageQueue("T", f"broker-{n}", -1) for n in range(2))
NOTIFICATION = RequestCode.NOTIFICATION


@pytest.fixture
def cluster(clock: Clock) -> PopCluster:
    made = PopCluster(clock, brokers=2)
    made.create("T", queues=1)
    return made


@pytest.fixture
def notices(cluster: PopCluster) -> PopNotices:
    session = Session(cluster.settings())
    result_of(session.start())
    result_of(session.routes.get("T"))
    session.routes.stop()
    parts = NoticeParts(
        group="G",
        ordered=False,
        calls=PopCalls(session.pool),
        routes=session.routes,
        clock=session.reactor,
        clocks=BrokerClocks(session.wall_ms),
    )
    return PopNotices(parts)


def test_a_message_anywhere_is_noticed(
    cluster: PopCluster, notices: PopNotices
) -> None:
    noticed = held(notices.wait([ONE, TWO], 60))
    assert noticed == []
    cluster.put("T", "a")
    assert noticed == [None]


def test_those_who_wait_share_the_questions(
    cluster: PopCluster, notices: PopNotices, clock: Clock
) -> None:
    waiting = [held(notices.wait([ONE, TWO], 60)) for _ in range(5)]
    assert cluster.codes().count(NOTIFICATION) == 2
    clock.advance(15)
    assert cluster.codes().count(NOTIFICATION) == 4
    cluster.put("T", "a")
    assert waiting == [[None]] * 5


def test_time_runs_out(cluster: PopCluster, notices: PopNotices, clock: Clock) -> None:
    noticed = held(notices.wait([ONE], 5))
    clock.advance(5)
    assert noticed == [None]
    # the question stays for the next one who waits
    held(notices.wait([ONE], 5))
    assert cluster.codes().count(NOTIFICATION) == 1


def test_one_who_does_not_wait_any_more_is_forgotten(
    cluster: PopCluster, notices: PopNotices, clock: Clock
) -> None:
    waiting = notices.wait([ONE], 60)
    ended = held(waiting)
    waiting.cancel()
    assert ended[0].type.__name__ == "CancelledError"
    clock.advance(15)
    assert cluster.codes().count(NOTIFICATION) == 1
    assert not clock.getDelayedCalls()


@pytest.mark.parametrize("refusal", [ResponseCode.SYSTEM_ERROR, ResponseCode.SUCCESS])
def test_a_broker_that_does_not_wait_is_left_alone_for_a_while(
    cluster: PopCluster, notices: PopNotices, clock: Clock, refusal: int
) -> None:
    cluster.refuse[NOTIFICATION] = refusal, "no"
    noticed = held(notices.wait([ONE], 60))
    clock.pump([0.1] * 35)
    assert cluster.codes().count(NOTIFICATION) == 4
    cluster.refuse.clear()
    clock.advance(1)
    cluster.put("T", "a")
    assert noticed == [None]


def test_stopping_lets_all_go(
    cluster: PopCluster, notices: PopNotices, clock: Clock
) -> None:
    cluster.down.add(cluster.addresses["broker-1"])
    noticed = held(notices.wait([ONE, TWO], 60))
    notices.stop()
    assert noticed == [None]
    assert result_of(notices.wait([ONE], 60)) is None
    assert not clock.getDelayedCalls()
