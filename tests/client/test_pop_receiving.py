"""The fine points of receiving; the rest is tested with ``SimpleConsumer``."""

from typing import Any

import pytest
from client_kit import held, result_of
from pop_cluster import PopCluster
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.client.pop_calls import PopCalls
from twistedmq.client.pop_clock import BrokerClocks
from twistedmq.client.pop_notices import NoticeParts, PopNotices
from twistedmq.client.pop_receiving import FROM_LAST, ReceiveParts, Receiving, Wish
from twistedmq.client.pop_targets import RouteTargets
from twistedmq.client.session import Session
from twistedmq.client.subscription import Subscription
from twistedmq.protocol.codes import RequestCode, ResponseCode

POP = RequestCode.POP_MESSAGE


@pytest.fixture
def cluster(clock: Clock) -> PopCluster:
    made = PopCluster(clock, brokers=2)
    made.create("T", queues=1)
    return made


@pytest.fixture
def receiving(cluster: PopCluster) -> Receiving:
    session = Session(cluster.settings())
    result_of(session.start())
    result_of(session.routes.get("T"))
    session.routes.stop()
    calls = PopCalls(session.pool)
    clocks = BrokerClocks(session.wall_ms)
    notices = NoticeParts(
        group="G",
        ordered=False,
        calls=calls,
        routes=session.routes,
        clock=session.reactor,
        clocks=clocks,
    )
    parts = ReceiveParts(
        group="G",
        ordered=False,
        init_mode=FROM_LAST,
        calls=calls,
        routes=session.routes,
        targets=RouteTargets(session.routes, ("T",)),
        notices=PopNotices(notices),
        clock=session.reactor,
        clocks=clocks,
        unwanted=lambda messages: None,
        next_id=session.unique_ids(),
    )
    return Receiving(parts, {"T": Subscription("T")})


def receive(receiving: Receiving, await_s: float) -> list[Any]:
    wish = Wish(most=5, invisible_ms=30_000, await_s=await_s)
    return held(Deferred.fromCoroutine(receiving.receive(wish)))


def test_one_broker_that_is_away_does_not_keep_the_other_back(
    cluster: PopCluster, receiving: Receiving, clock: Clock
) -> None:
    cluster.down.add(cluster.addresses["broker-1"])
    for body in ("a", "b"):
        cluster.put("T", body)
        [[message]] = receive(receiving, 0)
        assert message.body == body.encode()
    waiting = receive(receiving, 30)
    clock.advance(1)
    cluster.put("T", "c")
    clock.pump([0.5] * 6)
    assert [message.body for message in waiting[0]] == [b"c"]


def test_a_notice_in_vain_is_not_believed_without_end(
    cluster: PopCluster, receiving: Receiving, clock: Clock
) -> None:
    cluster.put("T", "a")
    cluster.refuse[POP] = ResponseCode.PULL_NOT_FOUND, "none for this group"
    waiting = receive(receiving, 10)
    for _ in range(101):
        clock.advance(0.1)
    assert waiting == [[]]
    assert cluster.codes().count(POP) < 50


def test_a_broker_whose_clock_is_ahead_serves_it_all_the_same(
    cluster: PopCluster, receiving: Receiving, clock: Clock
) -> None:
    cluster.ahead_ms = 8_000
    cluster.put("T", "a")
    [[message]] = receive(receiving, 0)
    assert message.body == b"a"
    waiting = receive(receiving, 10)
    clock.advance(1)
    cluster.put("T", "b")
    clock.pump([0.5] * 4)
    assert [message.body for message in waiting[0]] == [b"b"]


def test_it_says_what_it_wants(cluster: PopCluster, receiving: Receiving) -> None:
    receive(receiving, 0)
    header = next(header for _, code, header in cluster.requests if code == POP)
    assert (header.max_msg_nums, header.invisible_time) == (5, 30_000)
    assert (header.queue_id, header.poll_time, header.init_mode) == (-1, 0, 1)
    assert header.attempt_id is None


def test_stopping_ends_all(
    cluster: PopCluster, receiving: Receiving, clock: Clock
) -> None:
    waiting = [receive(receiving, 60), receive(receiving, 60)]
    cluster.down.update(cluster.addresses.values())
    waiting.append(receive(receiving, 60))
    receiving.stop()
    assert waiting == [[[]], [[]], [[]]]
    assert not clock.getDelayedCalls()
