from typing import Any

import pytest
from client_kit import FakeCluster, held, received, result_of
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock

from twistedmq.client.retrying import Retries, RetryParts
from twistedmq.client.session import Session
from twistedmq.protocol import properties
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.names import retry_topic

RETRY = retry_topic("G")
SEND_BACK = RequestCode.CONSUMER_SEND_MSG_BACK


@pytest.fixture
def retries(cluster: FakeCluster) -> Retries:
    cluster.create("T")
    cluster.create(RETRY, queues=1)
    cluster.put("T", "a")
    session = Session(cluster.settings())
    result_of(session.start())
    result_of(session.routes.get("T"))
    return Retries(
        RetryParts(
            group="G",
            max_reconsume_times=16,
            calls=session.calls,
            routes=session.routes,
            pool=session.pool,
            clock=session.reactor,
            wall_ms=session.wall_ms,
            next_id=session.unique_ids(),
        )
    )


def give_back(retries: Retries, **changes: Any) -> list[Any]:
    message = received("a", reconsume_times=2, **changes)
    return held(Deferred.fromCoroutine(retries.give_back(message, 0)))


def test_the_broker_takes_it_back(cluster: FakeCluster, retries: Retries) -> None:
    assert give_back(retries) == [None]
    assert cluster.given_back[0].max_reconsume_times == 16


def test_where_that_fails_it_is_sent_anew(
    cluster: FakeCluster, retries: Retries
) -> None:
    cluster.refuse[SEND_BACK] = ResponseCode.SYSTEM_ERROR, "no"
    given = give_back(retries, tag="x", properties={"p": "v"}, flag=3)
    assert given == [None]
    [(queue, [record])] = [
        (queue, records)
        for queue, records in cluster.records.items()
        if queue.topic == RETRY
    ]
    assert queue.topic == RETRY
    assert (record.body, record.flag, record.reconsume_times) == (b"a", 3, 3)
    own = properties.parse(record.properties)
    assert own["p"] == "v"
    assert own["TAGS"] == "x"
    assert own["UNIQ_KEY"] == own["ORIGIN_MESSAGE_ID"] == "ID-a"
    assert own["RETRY_TOPIC"] == "T"
    assert own["DELAY"] == "5"


def test_where_that_fails_too_it_is_tried_again(
    cluster: FakeCluster, retries: Retries, clock: Clock
) -> None:
    cluster.refuse[SEND_BACK] = ResponseCode.SYSTEM_ERROR, "no"
    cluster.refuse[RequestCode.SEND_MESSAGE_V2] = ResponseCode.MESSAGE_ILLEGAL, "no"
    given = give_back(retries)
    assert not given
    cluster.refuse.clear()
    clock.advance(5)
    assert given == [None]
    assert len(cluster.given_back) == 1


def test_stopping_ends_what_is_tried_again_and_again(
    cluster: FakeCluster, retries: Retries, clock: Clock
) -> None:
    cluster.down = {"192.0.2.10:10911"}
    waiting = give_back(retries)
    clock.pump([1.0] * 9)
    asked = cluster.codes().count(SEND_BACK)
    retries.stop()
    assert waiting[0].check(CancelledError)
    late = give_back(retries)
    clock.pump([1.0] * 30)
    assert late[0].check(CancelledError)
    assert cluster.codes().count(SEND_BACK) == asked + 1


def test_giving_back_can_be_cancelled_while_it_is_sent(
    cluster: FakeCluster, retries: Retries, clock: Clock
) -> None:
    cluster.refuse[SEND_BACK] = ResponseCode.SYSTEM_ERROR, "no"
    cluster.wait_for(RequestCode.SEND_MESSAGE_V2)
    giving = Deferred.fromCoroutine(retries.give_back(received("a"), 0))
    given = held(giving)
    giving.cancel()
    assert given[0].check(CancelledError)
    clock.advance(60)
    assert cluster.codes().count(SEND_BACK) == 1
